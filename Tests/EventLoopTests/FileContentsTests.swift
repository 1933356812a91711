import EventLoop
import Foundation
import Testing

@Suite("File contents")
struct FileContentsTests {
    private func path() -> String {
        FileManager.default.temporaryDirectory.appending(path: "trunkline-\(UUID().uuidString)").path
    }

    @Test("a file is read whole, whatever its size", arguments: [0, 1, 65_535, 65_536, 200_001])
    func whole(size: Int) throws {
        let name = path()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try Data(bytes).write(to: URL(filePath: name))
        defer { try? FileManager.default.removeItem(atPath: name) }
        #expect(try FileContents.read(name) == bytes)
    }

    @Test("a file that is not there, a folder, and one without an end say why")
    func refused() {
        for (name, reason) in [
            (path(), "No such file or directory"), ("/", "Is a directory"), ("/dev/zero", "File too large"),
        ] {
            do throws(SystemError) {
                _ = try FileContents.read(name)
                Issue.record("\(name) was read")
            } catch {
                #expect(error.reason == reason)
            }
        }
    }
}
