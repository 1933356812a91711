import EventLoop
import Foundation
import Testing

@Suite("Folders that are ours alone")
struct PrivateFolderTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func scratch(_ test: (PrivateFolder) throws -> Void) throws {
        let folder = PrivateFolder("/tmp/trunkline-test-\(UInt32.random(in: 0...UInt32.max))")
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try test(folder)
    }

    @Test("made for its owner, as are its files; what was there is replaced whole")
    func files() throws {
        try scratch { folder in
            #expect(folder.trouble == .missing)
            try folder.make()
            try folder.make()
            #expect(folder.trouble == nil)
            #expect(try mode(folder.path) == 0o700)
            try folder.write([1, 2, 3], to: "a.pem")
            try folder.write([4], to: "a.pem")
            #expect(folder.read("a.pem") == [4])
            #expect(try mode(folder.path + "/a.pem") == 0o600)
            try folder.write([], to: "b")
            #expect(folder.names == ["a.pem", "b"])
            folder.remove("a.pem")
            folder.remove("a.pem")
            #expect(folder.read("a.pem") == nil && folder.names == ["b"])
        }
    }

    @Test("one that others can enter is told from one that is none")
    func trouble() throws {
        try scratch { folder in
            try folder.make()
            try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: folder.path)
            #expect(folder.trouble == .open(mode: 0o750))
            #expect(folder.trouble?.description == "can be entered by others (mode 750), expected 700")
            try folder.write([1], to: "file")
            #expect(folder.folder("file").trouble == .noFolder)
            #expect(throws: SystemError.self) { try folder.folder("none").write([1], to: "x") }
        }
    }

    @Test("a file that can't be written leaves nothing behind, and the old one as it was")
    func failure() throws {
        try scratch { folder in
            try folder.make()
            try folder.folder("taken").make()
            #expect(throws: SystemError.self) { try folder.write([1], to: "taken") }
            #expect(folder.names == ["taken"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["taken"])
        }
    }

    @Test("drafts that somebody left an hour ago are taken away, and nothing else")
    func sweep() throws {
        try scratch { folder in
            try folder.make()
            for name in [".a.1", ".b.2", "c"] { try folder.write([1], to: name) }
            for name in [".a.1", "c"] {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -4000)],
                    ofItemAtPath: "\(folder.path)/\(name)")
            }
            folder.sweep()
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [".b.2", "c"])
        }
    }

    @Test("one holds a lock at a time")
    func lock() throws {
        try scratch { folder in
            try folder.make()
            var held: PrivateFolder.Lock? = try folder.lock("lock")
            #expect(held != nil)
            #expect(try folder.lock("lock") == nil)
            held = nil
            #expect(try folder.lock("lock") != nil)
            #expect(held == nil)
            #expect(throws: SystemError.self) { try folder.folder("none").lock("lock") }
        }
    }
}
