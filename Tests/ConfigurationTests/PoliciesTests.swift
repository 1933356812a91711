import Configuration
import HTTPProtocol
import PerMessageDeflate
import Testing
import WebSocketProtocol

@Suite("Policies")
struct PoliciesTests {
    @Test("every key of limits, timeouts, keepalive, compression and log is read")
    func keys() throws {
        let loaded = load(
            rest: """
                limits: { connections: 1, connections_per_client: 2, request_head: 3B, frame: 4B, message: 5B,
                  backend_frame: 13B, backend_message: 14B,
                  inflate_ratio: 6, buffer: 7B, request_body: 8B, fragments: 9, messages_per_second: 10,
                  rate_action: close, control_frames_per_second: 11, memory: 12B, fields: 13 }
                timeouts: { handshake: 1ms, request_head: 2ms, idle: 3ms, close: 4ms, slow_consumer: 5ms,
                  drain: 6ms, request_body: 7ms, keep_alive: 8ms, response_body: 11ms }
                keepalive: { ping_interval: 9ms, pong_timeout: 10ms }
                compression: { mode: both, level: 1, window_bits: 9, memory_level: 2, context_takeover: false,
                  minimum_size: 3B, memory_budget: 4B }
                log: { access: a.log, format: text, level: debug }
                """)
        #expect(loaded.said == [])
        let value = try #require(loaded.value)
        let limits = value.limits
        #expect(limits.connections == 1 && limits.connectionsPerClient == 2 && limits.head.bytes == 3)
        #expect(limits.client.frames == FrameLimits(frame: 4, message: 5, fragments: 9) && limits.buffer == 7)
        #expect(limits.client.inflate == InflateLimits(message: 5, ratio: 6))
        #expect(limits.requestBody == 8 && limits.messagesPerSecond == 10)
        #expect(
            limits.backend.frames == FrameLimits(frame: 13, message: 14, fragments: 9)
                && limits.backend.inflate == InflateLimits(message: 14, ratio: 0))
        #expect(limits.closesOverRate && limits.controlFramesPerSecond == 11 && limits.memory == 12)
        #expect(limits.head.fields == 13)
        let timeouts = value.timeouts
        #expect(timeouts.handshake == .milliseconds(1) && timeouts.requestHead == .milliseconds(2))
        #expect(timeouts.idle == .milliseconds(3) && timeouts.close == .milliseconds(4))
        #expect(timeouts.slowConsumer == .milliseconds(5) && timeouts.drain == .milliseconds(6))
        #expect(timeouts.requestBody == .milliseconds(7) && timeouts.keepAlive == .milliseconds(8))
        #expect(timeouts.responseBody == .milliseconds(11) && timeouts.boundsEventStreams)
        #expect(timeouts.pingInterval == .milliseconds(9) && timeouts.pongTimeout == .milliseconds(10))
        let compression = value.compression
        #expect(compression.mode == .both && compression.options.level == 1)
        #expect(compression.options.windowBits == 9 && compression.options.memoryLevel == 2)
        #expect(
            !compression.options.contextTakeover && compression.options.minimumSize == 3
                && compression.memoryBudget == 4)
        guard case .file(let file) = value.log.access else {
            Issue.record("no file")
            return
        }
        #expect(file.value == "a.log" && !value.log.isJSON && value.log.level == "debug")
        // A route has the defaults of the top until it says otherwise.
        #expect(value.routes.first?.limits == limits && value.routes.first?.compression == compression)
    }

    @Test("what a drain of the process tells sessions")
    func drain() {
        #expect(load().value?.drainCloseCode == 1012 && load().value?.linger == .zero)
        #expect(load(rest: "drain: { linger: 12h }").value?.linger == .seconds(43200))
        for code: UInt16 in [1000, 1001, 1012, 1013, 3000, 4999] {
            let loaded = load(rest: "drain: { close_code: \(code) }")
            #expect(loaded.said == [] && loaded.value?.drainCloseCode == code)
        }
        for code in ["999", "1002", "1005", "1006", "1011", "1015", "2999", "5000", "65536", "x", "-1"] {
            #expect(
                load(rest: "drain: { close_code: \(code) }").said == [
                    "f:4:22: '\(code)' is no valid 'close_code' in 'drain', expected 1012, or another code for an end that is no fault: 1000, 1001, 1013, 3000 to 4999"
                ])
        }
    }

    @Test("silence within a response is bounded, that of an event stream only where it is asked for")
    func responseBody() throws {
        let plain = try #require(load(rest: "timeouts: { idle: 1s }").value).timeouts
        #expect(plain.responseBody == .seconds(60) && !plain.boundsEventStreams)
        let asked = try #require(load(rest: "timeouts: { response_body: 60s }").value).timeouts
        #expect(asked.responseBody == .seconds(60) && asked.boundsEventStreams)
    }

    @Test("a route changes what it names and leaves the rest")
    func routes() throws {
        let loaded = load(
            route: ", limits: { message: 1MiB }, compression: { level: 9 }",
            rest: "limits: { frame: 2MiB }\ncompression: { window_bits: 15 }")
        let route = try #require(loaded.value?.routes.first)
        #expect(route.limits.client.frames.message == 1 << 20 && route.limits.client.frames.frame == 2 << 20)
        #expect(route.compression.options.level == 9 && route.compression.options.windowBits == 15)
    }

    @Test(
        "the memory is the process's: auto, a size or none, and no route's", arguments: ["auto", "3GiB", "0"])
    func memory(text: String) throws {
        let loaded = load(rest: "limits: { memory: \(text) }")
        #expect(loaded.said == [])
        let expected = ["auto": nil, "3GiB": 3 << 30, "0": 0][text]
        #expect(try #require(loaded.value).limits.memory == expected)
        #expect(
            load(rest: "limits: { memory: much }").words == [
                "'much' is no valid 'memory' in 'limits', expected auto, or a size such as 512MiB; 0 = no limit"
            ])
        #expect(
            load(route: ", limits: { memory: 1MiB }").words.first?.hasPrefix("unknown key 'memory'") == true)
    }

    @Test(
        "connections of clients are the process's: a number, or 0 for what descriptors allow, and no route's")
    func clientConnections() throws {
        let usual = try #require(load().value).limits
        #expect(usual.clientConnections == 0 && usual.clientConnectionsPerClient == 0)
        let loaded = load(rest: "limits: { client_connections: 5000, client_connections_per_client: 20 }")
        #expect(loaded.said == [])
        let limits = try #require(loaded.value).limits
        #expect(limits.clientConnections == 5000 && limits.clientConnectionsPerClient == 20)
        for key in ["client_connections", "client_connections_per_client"] {
            for text in ["-1", "1.5", "many", "64KiB"] {
                #expect(
                    load(rest: "limits: { \(key): \(text) }").words == [
                        "'\(text)' is no valid '\(key)' in 'limits', expected a whole number from 0"
                    ])
            }
            #expect(
                load(route: ", limits: { \(key): 1 }").words.first?.hasPrefix("unknown key '\(key)'") == true)
        }
    }

    private static let numbers: [(section: String, key: String, ends: ClosedRange<Int>)] = [
        ("compression", "level", 1...9), ("compression", "window_bits", 9...15),
        ("compression", "memory_level", 1...9), ("limits", "inflate_ratio", 0...100_000),
        ("limits", "fragments", 1...1_000_000_000), ("limits", "messages_per_second", 0...1_000_000_000),
        ("limits", "control_frames_per_second", 0...1_000_000_000),
    ]

    @Test("numbers stand at the ends of their range, and are complained of beyond", arguments: numbers)
    func ranges(section: String, key: String, ends: ClosedRange<Int>) {
        for number in [ends.lowerBound, ends.upperBound] {
            #expect(load(rest: "\(section): { \(key): \(number) }").said == [])
        }
        for number in [ends.lowerBound - 1, ends.upperBound + 1] {
            #expect(
                load(rest: "\(section): { \(key): \(number) }").words == [
                    "'\(number)' is no valid '\(key)' in '\(section)', expected a whole number from \(ends.lowerBound) to \(ends.upperBound)"
                ])
        }
    }

    @Test(
        "words that are none are complained of",
        arguments: [
            ("compression: { mode: Edge }", "expected edge, both, passthrough or off"),
            ("compression: { context_takeover: maybe }", "expected true or false"),
            ("limits: { rate_action: drop }", "expected throttle or close"),
            ("limits: { fields: 0 }", "expected a whole number from 1 to 100000"),
            ("limits: { request_head: 0 }", "expected a size such as 512B, 64KiB or 16MiB, 1B or more"),
            ("limits: { frame: 16MB }", "expected a size such as 512B, 64KiB or 16MiB"),
            ("log: { format: xml }", "expected json or text"),
            ("log: { level: loud }", "expected one of trace, debug, info, notice, warning, error, critical"),
            ("log: { access: '' }", "expected stdout, stderr, off or a file"),
            ("timeouts: { idle: 5 }", "expected a duration such as 500ms, 5s, 2m, 1h, 30d, or 0 for off"),
        ])
    func words(text: String, expected: String) {
        let said = load(rest: text).words
        #expect(said.count == 1 && said[0].contains(expected), "\(said)")
    }
}
