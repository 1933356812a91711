import Access
import Foundation
import HTTPProtocol
import Testing

struct PasswordFileTests {
    private static let hash = "$2b$04$b0xdhvFNl/jSEXjwe5cdluIqASxiCWBuxXaN8qTj5/LU5Vql.YH4m"

    private func file(_ text: String) throws(PasswordFileError) -> PasswordFile {
        try PasswordFile(Array(text.utf8))
    }

    private func credentials(_ base64: String) throws -> BasicCredentials {
        var fields = HeaderFields()
        fields.append("Authorization", "Basic " + base64)
        return try #require(BasicCredentials(fields))
    }

    @Test("a user is in with the right password; a name that nobody has is out, after as much work")
    func users() throws {
        let file = try file("# people\n\nada:\(Self.hash)\r\nbob:\(Self.hash)\n")
        #expect(file.count == 2)
        #expect(try #require(file.challenge(credentials("YWRhOnNlY3JldA=="))).run())
        #expect(try !#require(file.challenge(credentials("YWRhOnNlY3JldHM="))).run())
        #expect(try !#require(file.challenge(credentials("ZXZlOnNlY3JldA=="))).run())
        #expect(try self.file("").challenge(credentials("ZXZlOnNlY3JldA==")) == nil)
    }

    @Test("a colon ends the name, blanks count, and what is no name or no text is nobody's")
    func oddities() throws {
        let file = try file("ada:\(Self.hash)\n")
        func isIn(_ text: String) -> Bool {
            var fields = HeaderFields()
            fields.append("Authorization", "Basic " + Data(text.utf8).base64EncodedString())
            return BasicCredentials(fields).flatMap { file.challenge($0) }?.run() ?? false
        }
        #expect(isIn("ada:secret"))
        for wrong in [
            "ada :secret", " ada:secret", "ada", "ada:", ":secret", "ada::secret", "Ada:secret",
            "ada:secret\n",
            "ada\0:secret", "ada:secret\0", "ada\r\nX-Admin: 1:secret", "",
            "ada:" + String(repeating: "s", count: 4096),
        ] { #expect(!isIn(wrong), "\(wrong)") }
        for text in ["YWRhOnNlY3JldA", "YWRhOnNlY3JldA===", "YWRhOnNlY3Jl_A==", "\u{ff}", "=", "/w=="] {
            var fields = HeaderFields()
            fields.append("Authorization", "Basic " + text)
            #expect(BasicCredentials(fields) == nil, "\(text)")
        }
        var twice = HeaderFields()
        twice.append("Authorization", "Basic YWRhOnNlY3JldA==")
        twice.append("Authorization", "Basic YWRhOnNlY3JldA==")
        #expect(BasicCredentials(twice) == nil)
    }

    @Test("names that look the same are not the same")
    func bytes() throws {
        let composed = try file("caf\u{E9}:\(Self.hash)")
        func check(_ name: String) throws -> Bool {
            let text = Data("\(name):secret".utf8).base64EncodedString()
            return try #require(composed.challenge(credentials(text))).run()
        }
        #expect(try check("caf\u{E9}") && !check("cafe\u{301}"))
        #expect(try file("caf\u{E9}:\(Self.hash)\ncafe\u{301}:\(Self.hash)").count == 2)
    }

    @Test("questions have names that differ with user, password, hash and key")
    func digests() throws {
        let one = try file("ada:\(Self.hash)\nbob:\(Self.hash)")
        let key: [UInt8] = [1, 2, 3]
        let ada = try #require(one.challenge(credentials("YWRhOnNlY3JldA==")))
        let digest = ada.digest(key: key)
        #expect(digest.count == 32)
        #expect(try #require(one.challenge(credentials("YWRhOnNlY3JldA=="))).digest(key: key) == digest)
        #expect(ada.digest(key: [4]) != digest)
        #expect(try #require(one.challenge(credentials("Ym9iOnNlY3JldA=="))).digest(key: key) != digest)
        #expect(try #require(one.challenge(credentials("YWRhOnNlY3JldHM="))).digest(key: key) != digest)
    }

    @Test("what was right for a user who is gone is another question than for the decoy of the same hash")
    func gone() throws {
        let before = try file("ada:\(Self.hash)")
        let after = try file("eve:\(Self.hash)")
        let credentials = try credentials("YWRhOnNlY3JldA==")
        #expect(
            try #require(before.challenge(credentials)).digest(key: [1])
                != #require(after.challenge(credentials)).digest(key: [1]))
    }

    @Test(
        "a line that is none is named",
        arguments: [("ada", 1), ("\nada:x", 2), (":\(hash)", 1), ("a:\(hash)\na:\(hash)", 2)])
    func lines(text: String, line: Int) {
        #expect(throws: PasswordFileError(line: line)) { try file(text) }
    }
}
