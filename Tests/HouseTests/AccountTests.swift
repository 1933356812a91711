import Testing

/// What is held for a peer is on its account: bytes that outlive a call are `HeldBytes`, or in a queue with a charge.
@Suite("Accounts of memory")
struct AccountTests {
    /// Properties that hold bytes without one, each with the reason.
    private static let excused: [String: String] = [
        "Proxy/Admin/AdminConnection.swift early": "an operator's, no more than a head",
        "Proxy/Client/ClientHandOver.swift held": "the first bytes of HTTP/2's preface",
        "Proxy/Exchange/HTTP1Responder.swift output": "composed and sent within a turn, by its transport",
        "Proxy/Exchange/HTTP1UpstreamRequest.swift output":
            "composed and sent within a turn, by its transport",
        "Proxy/Exchange/HTTP1UpstreamRequest.swift refusal": "taken up in the turn in which it came",
        "Proxy/Relay/Leg.swift heldPong": "one control frame",
        "Proxy/Transport/StreamConnection.swift preamble": "ours, a PROXY header",
        "Proxy/Upstream/Multiplex/MultiplexStream.swift heldAnswer": "one control frame",
        "Proxy/Upstream/BackendRequest.swift start": "the beginning of an answer, as long as a key may be",
    ]
    /// Not on the data plane.
    private static let left = ["Proxy/Demo/", "Proxy/Top/"]

    /// The properties of a file that bytes can be put into, as `path name`.
    static func holders(_ path: String, _ lines: [Substring]) -> [String] {
        lines.compactMap { line in
            guard line.hasPrefix("    "), !line.hasPrefix("     "), !line.hasSuffix("{"), !line.hasSuffix("}")
            else {
                return nil
            }
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "var"), place + 1 < words.count,
                line.contains("[UInt8]") || line.contains("UniqueArray<UInt8>")
            else { return nil }
            return "\(path) \(words[place + 1].split(separator: ":")[0])"
        }
    }

    @Test("no bytes are kept without one, or there is a reason")
    func properties() throws {
        let files = try House.sources().filter { file in
            file.module == "Proxy" && !Self.left.contains { file.path.hasPrefix($0) }
        }
        #expect(files.count > 80)
        let found = files.flatMap { Self.holders($0.path, $0.lines) }
        #expect(Set(found).subtracting(Self.excused.keys).sorted() == [])
        #expect(Set(Self.excused.keys).subtracting(found).sorted() == [], "excused, and not there")
    }

    @Test("a property without an account is found, what holds nothing is not")
    func violations() {
        let text = """
            final class A {
                private var early: [UInt8] = []
                var more = UniqueArray<UInt8>()
                private(set) var last: [UInt8]?
                let fixed: [UInt8]
                var made: [UInt8] { [] }
                private var kept: HeldBytes
                func f() {
                    var local: [UInt8] = []
                }
            }
            """
        #expect(
            Self.holders("A.swift", text.split(separator: "\n"))
                == ["A.swift early", "A.swift more", "A.swift last"])
    }
}
