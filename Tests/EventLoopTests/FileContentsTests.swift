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

    @Test("a pipe in a file's place keeps nobody waiting for ever")
    func pipes() throws {
        let name = path()
        let made = unsafe mkfifo(name, 0o600)
        #expect(made == 0)
        defer { try? FileManager.default.removeItem(atPath: name) }
        // Nobody has opened it for writing.
        let unopened = #expect(throws: SystemError.self) { try FileContents.read(name, patience: 1) }
        #expect(unopened?.code == ETIMEDOUT)
        // Somebody opens it later, and writes still later.
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.2)
            guard let handle = FileHandle(forWritingAtPath: name) else { return }
            Thread.sleep(forTimeInterval: 0.2)
            try? handle.write(contentsOf: Data("late".utf8))
            try? handle.close()
        }
        #expect(try FileContents.read(name, patience: 10) == Array("late".utf8))
        // Somebody who could write and doesn't.
        let handle = try FileHandle(forUpdating: URL(filePath: name))
        let error = #expect(throws: SystemError.self) { try FileContents.read(name, patience: 1) }
        #expect(error?.code == ETIMEDOUT)
        // What is written, and ends, is read.
        try handle.write(contentsOf: Data("text".utf8))
        // A thread of its own: one of the pool's may be all that there is, and this test stands on it.
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.2)
            try? handle.close()
        }
        #expect(try FileContents.read(name) == Array("text".utf8))
    }
}
