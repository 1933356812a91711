import Testing

/// What is held for a peer is on its account: bytes that outlive a call are `HeldBytes`, or in a queue with a charge.
@Suite("Accounts of memory")
struct AccountTests {
    /// Properties that hold bytes without one, each with the reason.
    private static let excused: [String: String] = [
        "Proxy/Access/AccessDesk.swift answers": "what authorities said, as many as are kept at most",
        "Proxy/Access/UpstreamCall.swift answer":
            "an authority's, or keys: bounded, and gone when it is judged",
        "Proxy/Admin/AdminConnection.swift body": "an operator's message or token, 64 KiB at most",
        "Proxy/Admin/AdminQuery.swift body": "the same, while it is judged",
        "Proxy/Broadcast/ClientMessage.swift token": "taken up in the turn in which it came",
        "Proxy/Client/ClientHandOver.swift held": "the first bytes of HTTP/2's preface",
        "Proxy/Exchange/HTTP1Responder.swift output": "composed and sent within a turn, by its transport",
        "Proxy/Upstream/HTTP1UpstreamRequest.swift output":
            "composed and sent within a turn, by its transport",
        "Proxy/Upstream/HTTP1UpstreamRequest.swift refusal": "taken up in the turn in which it came",
        "Proxy/Lifecycle/ElderList.swift text": "for an operator, 8 MiB and a piece at most, 64 at once",
        "Proxy/Relay/WebSocketPeer.swift heldPong": "one control frame",
        "Proxy/Transport/StreamConnection.swift preamble": "ours, a PROXY header",
        "Proxy/Transport/HTTP2StreamTransport.swift heldAnswer": "one control frame",
        "Proxy/Upstream/BackendRequest.swift start": "the beginning of an answer, as long as a key may be",
    ]
    /// Not on the data plane.
    private static let left = ["Operator/", "Proxy/Demo/", "Proxy/Certificates/"]

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

    /// What keeps heads and parts of them, without an account of its own.
    private static let keepers = [
        "RequestHeadParser", "ResponseHeadParser", "ProxyHeaderParser", "BodyReader", "RequestHead",
        "ResponseHead",
        "HeaderFields", "HTTP2Fields", "UpgradePlan", "RequestPlan", "KeptPlan", "KeptRequest",
        "Asked",
    ]
    /// Properties of these kinds, each with the charge that stands for it in its file, or with the reason why there is none.
    private static let charged: [String: String] = [
        "Proxy/Plan/AuthorityInquiry.swift plan":
            "its client's request; SessionLease charges it for a session that is checked again",
        "Proxy/Plan/AccessQuestion.swift head": "its client's request under way",
        "Proxy/Access/UpstreamCall.swift head": "an answer to ourselves, no more than a head",
        "Proxy/Plan/UpstreamAnswer.swift head": "an answer to ourselves, no more than a head",
        "Proxy/Access/UpstreamCall.swift plan": "its client's request under way, or ours",
        "Proxy/Accept/ProxyHeaderReader.swift parser": "headCharge",
        "Proxy/Admin/AdminConnection.swift head": "an operator's, no more than a head",
        "Proxy/Admin/AdminQuery.swift head": "an operator's, while it is judged",
        "Proxy/Broadcast/Feed.swift plan": "headCharge",
        "Proxy/Broadcast/FeedWaiter.swift plan": "its client's request under way",
        "Proxy/Client/ClientConnection.swift passedHead": "headCharge",
        "Proxy/Client/ClientMove.swift head": "for a turn, on its way to another worker's headCharge",
        "Proxy/Client/HTTP1Connection.swift parser": "headCharge",
        "Proxy/Client/HTTP1Connection.swift body": "bodyCharge",
        "Proxy/Client/HTTP2Exchange.swift trailers": "trailerCharge",
        "Proxy/Observation/RequestRecord.swift head": "its client's request under way",
        "Proxy/Client/RouteStep.swift head": "lives for a call, or its client's request under way",
        "Proxy/Relay/Continuity/Continuity.swift kept": "planCharge",
        "Proxy/Plan/KeptPlan.swift request": "its session's planCharge",
        "Proxy/Plan/PassageFacts.swift head": "lives for a call, or its client's request under way",
        "Proxy/Exchange/HTTP1Responder.swift request": "its client's request under way",
        "Proxy/Upstream/HTTP1UpstreamRequest.swift parser": "headCharge",
        "Proxy/Upstream/HTTP1UpstreamRequest.swift reader": "headCharge",
        "Proxy/Upstream/HTTP1UpstreamRequest.swift request": "its client's request under way",
        "Proxy/Exchange/HTTP2Responder.swift request": "its client's request under way",
        "Proxy/Upstream/HTTP2UpstreamRequest.swift refusal": "taken up in the turn in which it came",
        "Proxy/Upstream/HTTP2UpstreamRequest.swift request": "its client's request under way",
        "Proxy/Upstream/HTTP2UpstreamRequest.swift trailers": "trailerCharge",
        "Proxy/Plan/RequestPlan.swift head": "its client's request under way",
        "Proxy/Relay/SessionAssembly.swift plan": "lives for a call",
        "Proxy/Upstream/BackendRequest.swift asked": "its client's request under way",
        "Proxy/Upstream/HealthProbe.swift head": "an answer to ourselves, no more than a head",
        "Proxy/Upstream/Multiplex/UpgradeOnStream.swift plan": "its client's request under way",
        "Proxy/Upstream/UpgradeAttempt.swift parser": "headCharge",
        "Proxy/Upstream/UpgradeAttempt.swift plan": "its client's request under way",
    ]

    /// The stored properties of these types, as `path name`.
    static func keeping(_ types: [String], _ path: String, _ lines: [Substring]) -> [String] {
        lines.compactMap { line in
            guard line.hasPrefix("    "), !line.hasPrefix("     "), !line.hasSuffix("{"), !line.hasSuffix("}")
            else { return nil }
            let words = line.split { " :=?(".contains($0) }
            guard let place = words.firstIndex(where: { $0 == "var" || $0 == "let" }),
                place + 2 < words.count,
                types.contains(String(words[place + 2]))
            else { return nil }
            return "\(path) \(words[place + 1])"
        }
    }

    @Test("heads and parts of them are charged, or there is a reason")
    func heads() throws {
        let files = try House.sources().filter { file in
            file.module == "Proxy" && !Self.left.contains { file.path.hasPrefix($0) }
        }
        let found = files.flatMap { Self.keeping(Self.keepers, $0.path, $0.lines) }
        #expect(Set(found).subtracting(Self.charged.keys).sorted() == [])
        #expect(Set(Self.charged.keys).subtracting(found).sorted() == [], "charged, and not there")
        for file in files {
            for (property, charge) in Self.charged
            where property.hasPrefix(file.path + " ") && !charge.contains(" ") {
                let isSet = file.lines.contains {
                    $0.contains("\(charge).set(") || $0.contains("\(charge)?.set(")
                }
                #expect(isSet, "\(property) stands for nothing")
            }
        }
    }

    @Test("a property that keeps a head is found")
    func keepers() {
        let text = """
            final class A {
                private var parser: RequestHeadParser
                private var body = BodyReader(.none)
                let head: RequestHead?
                var made: RequestHead { x }
                let other: RequestHeadLimits
                func f(_ head: RequestHead) {}
            }
            """
        #expect(
            Self.keeping(Self.keepers, "A.swift", text.split(separator: "\n"))
                == ["A.swift parser", "A.swift body", "A.swift head"])
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
