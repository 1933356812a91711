import Foundation
import Testing

@testable import Telemetry

@Suite("The log's file")
struct LogFileTests {
    private func write(_ text: String, to file: LogFile) throws {
        try FileHandle(fileDescriptor: file.descriptor).write(contentsOf: Data(text.utf8))
    }

    @Test("moved or removed, it is opened anew, once a second at most; asked to, at once")
    func moved() throws {
        let old = try TemporaryFile()
        let place = old.path + ".log"
        var failure = ""
        var file = try #require(LogFile(path: place, failure: &failure))
        defer { try? FileManager.default.removeItem(atPath: place) }
        try write("1", to: file)
        #expect(file.follow(at: 1) == nil)
        try FileManager.default.removeItem(atPath: old.path)
        try FileManager.default.moveItem(atPath: place, toPath: old.path)
        #expect(file.follow(at: 1) == nil)
        try write("2", to: file)
        #expect(file.follow(at: 2) == nil)
        try write("3", to: file)
        #expect(try old.text() == "12")
        #expect(try String(contentsOfFile: place, encoding: .utf8) == "3")
        try FileManager.default.removeItem(atPath: place)
        #expect(file.follow(at: 2, isAsked: true) == nil)
        try write("4", to: file)
        #expect(try String(contentsOfFile: place, encoding: .utf8) == "4")
    }

    @Test("what can't be opened anew stays as it was, and says so")
    func unopenable() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        var failure = ""
        var file = try #require(LogFile(path: folder + "/log", failure: &failure))
        let descriptor = file.descriptor
        try FileManager.default.removeItem(atPath: folder)
        #expect(file.follow(at: 1) == ENOENT)
        #expect(file.descriptor == descriptor && descriptor >= 0)
    }

    @Test("a descriptor is never left")
    func descriptor() {
        var file = LogFile(descriptor: 2)
        #expect(file.follow(at: 1, isAsked: true) == nil)
        #expect(file.descriptor == 2)
    }
}
