import Access
import Foundation
import HTTPProtocol
import Testing

/// Nothing that a stranger sends to be let in may cost more than its bytes: four times as much of it costs about four
/// times as much, where work that grows with the square would be sixteen.
@Suite("The cost of tokens", .serialized)
struct AccessCostTests {
    /// What a stranger may repeat, and what is done to it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let unit: String
        let run: @Sendable (_ filled: String) -> Void
    }

    static let json: [Case] = ["1,", "\"\\u0041\",", "{\"a\":[]},", "[[1]],", " ", "1e5,"].map { unit in
        Case(testDescription: "JSON of \(unit)", unit: unit) { filled in
            _ = try? JSONValue(Array("[\(filled)1]".utf8))
        }
    }

    static let texts: [Case] = ["a", "\\n", "\\ud83d\\ude00", "é"].map { unit in
        Case(testDescription: "a text of \(unit)", unit: unit) { filled in
            _ = try? JSONValue(Array("\"\(filled)\"".utf8))
        }
    }

    static let members = Case(testDescription: "members of an object", unit: "\"1234567\":1,") { filled in
        let members = (0..<(filled.utf8.count / 12)).map { "\"\($0)\":1" }
        _ = try? JSONValue(Array("{\(members.joined(separator: ","))}".utf8))
    }

    static let queries: [Case] = ["a=b&", "%41", "&", "token=", "t%6fken=x&"].map { unit in
        Case(testDescription: "a query of \(unit)", unit: unit) { filled in
            _ = QueryText.masked(filled, names: ["token", "other"])
            take("/?\(filled)", [])
        }
    }

    static let lists: [Case] = [
        ("sec-websocket-protocol", "a, "), ("sec-websocket-protocol", "bearer.x, "),
        ("cookie", "session=x; "),
        ("cookie", ";"), ("authorization", "Bearer "), ("sec-websocket-protocol", ","),
    ].map { name, unit in
        Case(testDescription: "\(name) of \(unit)", unit: unit) { filled in take("/", [(name, filled)]) }
    }

    static let lines: [Case] = ["sec-websocket-protocol", "cookie", "authorization"].map { name in
        Case(testDescription: "lines of \(name)", unit: "0123456789abcdef") { filled in
            take("/", (0..<(filled.utf8.count / 16)).map { (name, "name\($0)") })
        }
    }

    private static func take(_ target: String, _ fields: [(String, String)]) {
        guard let target = try? RequestTarget(text: target) else { return }
        var all = HeaderFields()
        for (name, value) in fields { all.append(name, value) }
        var head = RequestHead(method: "GET", target: target, fields: all)
        _ = try? BearerToken.of(all)
        _ = BasicCredentials(all)
        let sources = TokenSources([.subprotocol(prefix: "bearer."), .query("token"), .cookie("session")])
        _ = sources.take(from: &head)
    }

    /// Nanoseconds of this thread's processor time; the least of some runs, which others' work does not change.
    private static func cost(_ example: Case, bytes: Int) -> Double {
        let filled = String(repeating: example.unit, count: bytes / example.unit.utf8.count)
        return (0..<5).map { _ in
            let before = processorTime()
            example.run(filled)
            return Double(processorTime() - before)
        }.min() ?? 0
    }

    private static func processorTime() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    @Test("grows with its length", arguments: json + texts + [members] + queries + lists + lines)
    func linear(_ example: Case) {
        let (few, many) = (Self.cost(example, bytes: 8 << 10), Self.cost(example, bytes: 32 << 10))
        #expect(many < 9 * few + 200_000, "\(few) ns, then \(many) ns")
    }
}
