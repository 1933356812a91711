import EventLoop
import Foundation
import Testing

struct FileStampTests {
    @Test("a file that is written or replaced has another one; the same file has the same")
    func changes() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "stamp-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(FileStamp(path) == nil)
        try "one".write(toFile: path, atomically: false, encoding: .utf8)
        let first = try #require(FileStamp(path))
        #expect(FileStamp(path) == first)
        try "three".write(toFile: path, atomically: false, encoding: .utf8)
        let second = try #require(FileStamp(path))
        #expect(second != first)
        try "seven".write(toFile: path, atomically: true, encoding: .utf8)
        let third = try #require(FileStamp(path))
        #expect(third != second)
        let link = path + "-link"
        defer { try? FileManager.default.removeItem(atPath: link) }
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(FileStamp(link) == third)
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
        #expect(FileStamp(path) != third)
    }
}
