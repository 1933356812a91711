import EventLoop
import Foundation
import Testing

@Suite("Folders that are watched")
struct FolderWatchTests {
    private func scratch(_ test: (String) throws -> Void) throws {
        let folder = "/tmp/trunkline-test-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try test(folder)
    }

    @Test("what is written, replaced and taken away is noticed; what is only read is not")
    func changes() throws {
        try scratch { folder in
            let loop = try EventLoop()
            var notices = 0
            let watch = try FolderWatch(on: loop) { notices += 1 }
            watch.follow([folder, folder + "/none"])
            func noticed(_ change: () throws -> Void) rethrows -> Bool {
                notices = 0
                try change()
                loop.turn(limit: 300_000_000)
                return notices > 0
            }
            let file = folder + "/a"
            #expect(try noticed { try "x".write(toFile: file, atomically: false, encoding: .utf8) })
            #expect(try noticed { try "y".write(toFile: file, atomically: true, encoding: .utf8) })
            #expect(
                try noticed {
                    try FileManager.default.createSymbolicLink(
                        atPath: folder + "/l", withDestinationPath: "a")
                })
            #expect(try !noticed { _ = try String(contentsOfFile: file, encoding: .utf8) })
            #expect(try noticed { try FileManager.default.removeItem(atPath: file) })
            watch.stop()
            #expect(try !noticed { try "x".write(toFile: file, atomically: false, encoding: .utf8) })
        }
    }

    @Test("a folder that takes the place of another is watched, and what was moved away is not")
    func replaced() throws {
        try scratch { folder in
            let loop = try EventLoop()
            var notices = 0
            let watch = try FolderWatch(on: loop) { notices += 1 }
            func noticed(_ change: () throws -> Void) rethrows -> Bool {
                loop.turn(limit: 0)
                notices = 0
                try change()
                loop.turn(limit: 300_000_000)
                return notices > 0
            }
            let files = FileManager.default
            let inner = folder + "/inner"
            try files.createDirectory(atPath: inner, withIntermediateDirectories: false)
            watch.follow([inner])
            #expect(watch.isWhole)
            for number in 0..<3 {
                #expect(try noticed { try files.moveItem(atPath: inner, toPath: folder + "/old\(number)") })
                #expect(!watch.isWhole)
                try files.createDirectory(atPath: inner, withIntermediateDirectories: false)
                watch.follow([inner])
                #expect(watch.isWhole)
                let words = "x"
                #expect(
                    try !noticed {
                        try words.write(
                            toFile: folder + "/old\(number)/a", atomically: false, encoding: .utf8)
                    })
                #expect(
                    try noticed { try words.write(toFile: inner + "/a", atomically: false, encoding: .utf8) })
            }
        }
    }

    @Test("links are followed, one after the other, and through folders that are links")
    func links() throws {
        try scratch { folder in
            let files = FileManager.default
            let real = folder + "/archive"
            try files.createDirectory(atPath: real, withIntermediateDirectories: false)
            try "x".write(toFile: real + "/cert1.pem", atomically: false, encoding: .utf8)
            try files.createDirectory(atPath: folder + "/live", withIntermediateDirectories: false)
            try files.createSymbolicLink(
                atPath: folder + "/live/cert.pem", withDestinationPath: "../archive/cert1.pem")
            let found = FolderWatch.folders(of: folder + "/live/cert.pem")
            #expect(found.contains(folder + "/live/"))
            #expect(found.contains(real + "/"))
            #expect(FolderWatch.folders(of: "proxy.conf").contains("./"))
            try files.createSymbolicLink(atPath: folder + "/loop", withDestinationPath: "loop")
            #expect(FolderWatch.folders(of: folder + "/loop") == [folder + "/"])
        }
    }

    @Test("a folder that was taken away and made anew is watched again, one that is wanted no more isn't")
    func renewed() throws {
        try scratch { top in
            let (one, two) = (top + "/one", top + "/two")
            let files = FileManager.default
            for folder in [one, two] {
                try files.createDirectory(atPath: folder, withIntermediateDirectories: false)
            }
            let loop = try EventLoop()
            var notices = 0
            let watch = try FolderWatch(on: loop) { notices += 1 }
            watch.follow([one, two])
            func noticed(_ change: () throws -> Void) rethrows -> Int {
                notices = 0
                try change()
                for _ in 0..<3 { loop.turn(limit: 50_000_000) }
                return notices
            }
            #expect(try noticed { try files.removeItem(atPath: one) } > 0)
            try files.createDirectory(atPath: one, withIntermediateDirectories: false)
            watch.follow([one, two])
            #expect(try noticed { try "x".write(toFile: one + "/a", atomically: false, encoding: .utf8) } > 0)
            _ = noticed { watch.follow([one]) }
            #expect(
                try noticed { try "x".write(toFile: two + "/a", atomically: false, encoding: .utf8) } == 0)
            #expect(try noticed { try "y".write(toFile: one + "/a", atomically: false, encoding: .utf8) } > 0)
            watch.stop()
        }
    }
}
