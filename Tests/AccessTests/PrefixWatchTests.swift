import Access
import Testing

struct PrefixWatchTests {
    private func outcome(_ pieces: [String], most: Int = 8) -> (
        taken: String?, passed: String, isTooLong: Bool
    ) {
        var watch = PrefixWatch(prefix: Array("tok:".utf8), most: most)
        watch.begin()
        var passed = ""
        for (index, piece) in pieces.enumerated() {
            let bytes = Array(piece.utf8)
            switch watch.take(bytes.span, isLast: index == pieces.count - 1) {
            case .undecided: break
            case .other(let kept): passed += String(decoding: kept, as: UTF8.self) + piece
            case .taken(let text): return (String(decoding: text, as: UTF8.self), passed, false)
            case .tooLong: return (nil, passed, true)
            }
        }
        return (nil, passed, false)
    }

    @Test("a message is taken or passes whole, however it is cut into pieces")
    func pieces() {
        for text in ["tok:abc", "tok:", "to", "", "tik:abc", "tokxabc", "hello world, this is long"] {
            for first in 0...text.count {
                for second in first...text.count {
                    let pieces = [
                        String(text.prefix(first)), String(text.dropFirst(first).prefix(second - first)),
                        String(text.dropFirst(second)),
                    ]
                    let outcome = outcome(pieces)
                    if text.hasPrefix("tok:") {
                        #expect(outcome.taken == String(text.dropFirst(4)) && outcome.passed == "")
                    } else {
                        #expect(outcome.taken == nil && outcome.passed == text, "\(pieces)")
                    }
                }
            }
        }
    }

    @Test("one that is too long is not kept on and on")
    func long() {
        #expect(outcome(["tok:12345678"]).taken == "12345678")
        #expect(outcome(["tok:123456789"]).isTooLong)
        #expect(outcome(["tok:", "1234", "56789", "x"]).isTooLong)
    }

    @Test("each message is looked at anew")
    func again() {
        var watch = PrefixWatch(prefix: Array("tok:".utf8))
        watch.begin()
        #expect(watch.take(Array("x".utf8).span, isLast: true) == .other(kept: []))
        watch.begin()
        #expect(watch.take(Array("tok:1".utf8).span, isLast: true) == .taken(text: Array("1".utf8)))
    }
}
