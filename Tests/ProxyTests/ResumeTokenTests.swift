import Chance
import Testing

@testable import Proxy

@Suite("Tokens of clients that come back")
struct ResumeTokenTests {
    private static let id = SessionID(worker: 2, number: 77)
    private var chance = SplitMix(seed: 9)

    @Test("a token reads as it is written, names its session and its process, and equals no other")
    mutating func text() throws {
        let key = ResumeKey(using: &chance)
        let one = ResumeToken(Self.id, of: 5, key, using: &chance)
        let two = ResumeToken(Self.id, of: 5, key, using: &chance)
        #expect(ResumeToken(one.text) == one && one != two && one.session == Self.id && one.process == 5)
        #expect(one.text.utf8.count == 112 + 1 + Self.id.description.utf8.count)
    }

    @Test("a seal is good for what was sealed, under the key that it was sealed with, and for nothing else")
    mutating func seals() throws {
        let key = ResumeKey(using: &chance)
        let other = ResumeKey(using: &chance)
        let token = ResumeToken(Self.id, of: 5, key, using: &chance)
        #expect(token.isSealed(with: key) && !token.isSealed(with: other))
        let text = token.text
        let dot = try #require(text.firstIndex(of: "."))
        for named in ["3-4d", "2-4e", "2-1"] {
            #expect(try #require(ResumeToken(named + text[dot...])).isSealed(with: key) == false)
        }
        // Each bit of it counts: the process, the secret and the seal.
        for index in (5..<text.utf8.count) {
            var bytes = Array(text.utf8)
            bytes[index] = bytes[index] == 0x30 ? 0x31 : 0x30
            let forged = try #require(ResumeToken(String(decoding: bytes, as: UTF8.self)))
            #expect(!forged.isSealed(with: key) && forged != token)
        }
    }

    @Test("a key goes to another process as it is, and nothing else is one")
    mutating func keys() {
        let key = ResumeKey(using: &chance)
        #expect(ResumeKey(key.bytes) == key)
        for count in [0, 31, 33] { #expect(ResumeKey([UInt8](repeating: 1, count: count)) == nil) }
    }
}
