import Testing

/// Tests mirror Sources: a file of a module that does no I/O, or is itself the edge of I/O, has a test file of its name.
@Suite("The test mirror")
struct TestMirrorTests {
    private static let modules: Set<String> = [
        "WebSocketProtocol", "PerMessageDeflate", "HTTPProtocol", "HTTP2Protocol", "TLS", "Patterns",
        "Access", "Routing",
        "EventLoop", "Telemetry", "Configuration", "ACME", "ASCII", "Durations", "HandedBytes", "Operator",
    ]

    /// Files without a test file of their own, each with the reason.
    private static let excused: [String: String] = [
        "ACME/IssueOptions": "values; IssueMachineTests orders with each",
        "Configuration/ForwardConfiguration": "a value; AccessConfigurationTests fills it",
        "Configuration/Address": "a value; AddressSyntaxTests reads and writes it",
        "Configuration/CompressionConfiguration": "keys; PoliciesTests reads each",
        "Configuration/Entry": "values; TableTests has one of each kind",
        "Configuration/Key": "TableTests has a key of each kind",
        "Configuration/KeyLists": "TableTests has a key of each kind",
        "Configuration/LimitsConfiguration": "keys; PoliciesTests reads each",
        "Configuration/LogConfiguration": "keys; PoliciesTests reads each",
        "Configuration/RouteConfiguration+Checks": "RouteConfigurationTests has each complaint",
        "Configuration/Scalar": "ScalarsTests has every kind, TableTests its complaints",
        "Configuration/TimeoutsConfiguration": "keys; PoliciesTests reads each",
        "EventLoop/CStrings": "arguments of a program; HookProcessTests starts one",
        "EventLoop/Descriptor": "system calls with typed errors; the tests of sockets make each",
        "EventLoop/Pollable": "what sockets and timers inherit; their tests run it",
        "EventLoop/StreamHandler": "a protocol without code",
        "EventLoop/StreamSocket+Connect":
            "StreamSocketTests connects, and ListenerSocketTests to what can't be",
        "EventLoop/Successor": "starts a process; Interop/test_hand_over.py does",
        "EventLoop/Terminal": "needs a terminal; Interop/test_top.py has one",
        "EventLoop/TurnTargets": "protocols without code",
        "HTTP2Protocol/HTTP2Callbacks": "nghttp2's callbacks; HTTP2SessionTests makes it call each",
        "HTTP2Protocol/HTTP2Events": "what the callbacks do; HTTP2SessionTests sees it",
        "HTTP2Protocol/HTTP2Library": "a version",
        "HTTP2Protocol/HTTP2Options": "values",
        "HTTP2Protocol/HTTP2Receivers": "protocols without code",
        "HTTP2Protocol/HTTP2Setup": "makes nghttp2's session; HTTP2SessionTests begins with it",
        "HTTP2Protocol/HTTP2Stream": "nothing without its session: HTTP2SessionTests",
        "HTTP2Protocol/HTTP2Streams": "a session's streams: HTTP2SessionTests",
        "HTTPProtocol/HeadLimits": "a value; RequestHeadParserTests has each at its limit",
        "HandedBytes/OutputSpan+Put": "HandedReaderTests reads what it writes",
        "Operator/AdminFetch": "a connection to a running proxy; Interop/test_top.py makes it",
        "Operator/SessionTool": "the same, and Interop/test_session_orders.py",
        "Operator/Top": "needs a terminal; Interop/test_top.py has one",
        "Patterns/PatternLibrary": "a version",
        "PerMessageDeflate/BlockPool": "ContextArenaTests takes blocks and gives them back",
        "PerMessageDeflate/ContextBlock": "one of a pool's: ContextArenaTests",
        "PerMessageDeflate/Deflater": "DeflateTests reads back what it writes",
        "PerMessageDeflate/StreamMemory": "zlib's memory; ContextArenaTests has it used up",
        "PerMessageDeflate/ZlibLibrary": "a version",
        "PerMessageDeflate/ZlibStream": "zlib's stream; DeflateTests and InflaterTests drive it",
        "TLS/CipherSuite": "values; TrafficKeysTests and RecordReaderTests use each",
        "TLS/OpenSSLRecords": "OpenSSL's records; TLSSessionTests reads and writes them",
        "TLS/RecordError": "values; RecordReaderTests meets each and its alert",
        "TLS/TLSLibrary": "a version",
        "TLS/TLSWire": "memory between OpenSSL and its sessions; TLSPair talks through it",
        "TLS/TicketKeys": "Interop/test_tls.py resumes sessions; a client of ours never does",
    ]

    /// What breaks the rule.
    ///
    /// - Parameters:
    ///   - sources: `Module/Name`, folders between them left out.
    ///   - tests: the same of tests, e.g. `ModuleTests/NameTests`.
    static func complaints(
        sources: [String], tests: Set<String>, excused: [String: String]
    ) -> [String] {
        var complaints: [String] = []
        for source in sources {
            let parts = source.split(separator: "/")
            guard parts.count == 2 else { continue }
            let hasTest = tests.contains("\(parts[0])Tests/\(parts[1])Tests")
            switch (hasTest, excused[source]) {
            case (false, nil): complaints.append("\(source) has no test file")
            case (true, _?): complaints.append("\(source) is excused and has a test file")
            case (false, let reason?) where reason.isEmpty: complaints.append("\(source) has no reason")
            default: break
            }
        }
        for name in excused.keys.sorted() where !sources.contains(name) {
            complaints.append("\(name) is excused and does not exist")
        }
        return complaints
    }

    @Test("every file has its tests, or a reason")
    func mirror() throws {
        let sources = try House.sources().filter { Self.modules.contains($0.module) }
            .map { "\($0.module)/\($0.name)" }
        let tests = try House.files("Tests").map { "\($0.module)/\($0.name)" }
        #expect(sources.count > 100)
        #expect(Self.complaints(sources: sources, tests: Set(tests), excused: Self.excused) == [])
    }

    @Test("a file without tests, a stale excuse and one without a reason are found")
    func violations() {
        let sources = ["Routing/A", "Routing/B", "Routing/C"]
        let tests: Set<String> = ["RoutingTests/ATests", "TLSTests/BTests"]
        #expect(
            Self.complaints(sources: sources, tests: tests, excused: ["Routing/C": "a constant"])
                == ["Routing/B has no test file"])
        #expect(
            Self.complaints(
                sources: sources, tests: tests,
                excused: [
                    "Routing/A": "none", "Routing/B": "", "Routing/C": "it is short", "Routing/D": "gone",
                ])
                == [
                    "Routing/A is excused and has a test file", "Routing/B has no reason",
                    "Routing/D is excused and does not exist",
                ])
    }
}
