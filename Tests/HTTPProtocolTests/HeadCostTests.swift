import Foundation
import Testing

@testable import HTTPProtocol

/// Nothing over a head may cost more than its bytes: four times the head costs about four times as much, where work that
/// grows with the square would be sixteen.
@Suite("The cost of heads", .serialized)
struct HeadCostTests {
    /// What a peer may fill a head with, and what is done to it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let unit: String
        let run: @Sendable (_ filled: String) -> Void
    }

    static let paths: [Case] = [
        "/", "a/./", "%2e/", "/..", "a/../", "%2F", "\\", "//x\\..%2F", "..%2F", ";", "%40", "./", "%25",
    ].map { unit in
        Case(testDescription: "path of \(unit)", unit: unit) { filled in
            // `/..` climbs as far as it has come.
            let text =
                unit.hasPrefix("/..")
                ? String(repeating: "/a", count: filled.utf8.count / 3) + filled : "/" + filled
            guard let target = try? RequestTarget(text: text) else { return }
            _ = target.everyReading { !$0.isEmpty }
            _ = target.replacing(path: target.path)
        }
    }

    static let lists: [Case] = [
        ("connection", "a,"), ("connection", "close, "), ("upgrade", "a,"), ("sec-websocket-protocol", "p, "),
        ("x-forwarded-for", "1.1.1.1, "), ("cookie", "a=b; "), ("x", " "), ("te", ","),
    ].map { name, unit in
        Case(testDescription: "\(name) of \(unit)", unit: unit) { filled in
            var all = HeaderFields()
            all.append(name, filled)
            run(all)
        }
    }

    static let fieldLists: [Case] = ["connection", "x", "cookie", "forwarded", "x-forwarded-for"].map {
        name in
        Case(testDescription: "lines of \(name)", unit: "0123456789abcdef") { filled in
            var all = HeaderFields()
            for index in 0..<(filled.utf8.count / 16) { all.append(name, "name\(index), b") }
            for index in 0..<(filled.utf8.count / 16) { all.append("name\(index)", "") }
            run(all)
        }
    }

    static let grammar: [Case] = [
        ("permessage-deflate; a=b, "), ("a;b"), (";a=\"b\""), ("a, "), ("a;"),
    ].map { unit in
        Case(testDescription: "extensions of \(unit)", unit: unit) { filled in
            guard let offers = try? HeaderGrammar.extensions(["x" + filled + "x"]) else { return }
            _ = HeaderGrammar.encode(offers)
        }
    }

    static let subprotocols = Case(testDescription: "subprotocols", unit: "01234567") { filled in
        let names = (0..<(filled.utf8.count / 8)).map { "p\($0)" }
        var all = HeaderFields()
        all.append("sec-websocket-protocol", names.joined(separator: ","))
        let offered = OfferedSubprotocols(all)
        _ = HandshakeOffer(offered, [])
    }

    static let whole = Case(testDescription: "a whole head", unit: "X-Field: 123456\r\n") { filled in
        var parser = RequestHeadParser(limits: HeadLimits(bytes: .max, fields: .max))
        let bytes = Array(("GET / HTTP/1.1\r\nHost: a\r\n" + filled + "\r\n").utf8)
        _ = try? parser.feed(bytes.span)
    }

    /// All that the edge does with the fields of a request and of an answer.
    private static func run(_ all: HeaderFields) {
        let head = RequestHead(method: "GET", target: .root, fields: all)
        _ = ServerHandshake.judge(head)
        let forwarding = Forwarding(client: "192.0.2.1", isSecure: true, requestID: "id")
        _ = head.forwarded(target: .root, forwarding: forwarding, framing: .none, fallbackHost: "a")
        let answer = ResponseHead(status: 200, reason: "", fields: all)
        _ = ForwardedResponse(answer, framing: .chunked, to: head, mayKeepAlive: true)
        _ = HopByHop.applicationFields(of: all)
        _ = HopByHop.allowedTrailers(all)
        let stream = StreamRequest(
            method: "GET", scheme: "https", authority: "a", path: "/", protocolName: nil, fields: all,
            endsStream: true)
        _ = stream.judge(key: "", limits: HeadLimits(bytes: .max, fields: .max))
    }

    /// Nanoseconds of this thread's processor time; the least of some runs, which others' work does not change.
    private static func cost(_ example: Case, bytes: Int) -> Double {
        let filled = String(repeating: example.unit, count: bytes / example.unit.utf8.count)
        return (0..<5).map { _ in
            let before = clock_gettime_nsec()
            example.run(filled)
            return Double(clock_gettime_nsec() - before)
        }.min() ?? 0
    }

    private static func clock_gettime_nsec() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    @Test("grows with its length", arguments: paths + lists + fieldLists + grammar + [subprotocols, whole])
    func linear(_ example: Case) {
        let (few, many) = (Self.cost(example, bytes: 8 << 10), Self.cost(example, bytes: 32 << 10))
        #expect(many < 9 * few + 200_000, "\(few) ns, then \(many) ns")
    }
}
