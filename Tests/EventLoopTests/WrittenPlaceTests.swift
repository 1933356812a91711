import Testing

@testable import EventLoop

@Suite("Places to be written")
struct WrittenPlaceTests {
    private let folder = "/tmp/trunkline-written-\(UInt32.random(in: 0...UInt32.max))"

    @Test("a folder that isn't there, or is none, is named")
    func folders() throws {
        #expect(
            WrittenPlace.trouble(ofFile: "\(folder)/a/b.log", isReplaced: false)?.description
                == "the folder '\(folder)/a' does not exist")
        #expect(
            WrittenPlace.trouble(ofFolderAbove: "/etc/passwd/b")?.description == "'/etc/passwd' is no folder")
        #expect(WrittenPlace.trouble(ofFile: "/tmp", isReplaced: true)?.description == "it is a folder")
        #expect(WrittenPlace.trouble(ofFile: "/dev/null", isReplaced: false) == nil)
    }

    @Test("one that is there takes a file, new or not")
    func files() throws {
        let place = PrivateFolder(folder)
        try place.make()
        defer {
            place.remove("there")
            place.remove("../\(folder.split(separator: "/").last ?? "")")
        }
        try place.write([1], to: "there")
        for isReplaced in [false, true] {
            #expect(WrittenPlace.trouble(ofFile: "\(folder)/there", isReplaced: isReplaced) == nil)
            #expect(WrittenPlace.trouble(ofFile: "\(folder)/new", isReplaced: isReplaced) == nil)
        }
        #expect(WrittenPlace.trouble(ofFolderAbove: "\(folder)/x.sock") == nil)
    }

    @Test("the folder above is found by the text alone")
    func above() {
        #expect(WrittenPlace.folder(of: "/a") == "/" && WrittenPlace.folder(of: "a") == ".")
        #expect(WrittenPlace.folder(of: "/a/b/") == "/a" && WrittenPlace.folder(of: "a/b") == "a")
    }
}
