import Access
import EventLoop
import HTTP2Protocol
import HTTPProtocol
import PerMessageDeflate
import TLS
import Testing

@testable import Proxy

/// Every kind of fault against everything that is told of it.
@Suite("Faults")
struct FaultTests {
    /// What one is told as: status, client's text, label, outcome of an upgrade, of a dial, phase, side, retry, limit.
    private struct Row {
        let kind: Fault.Kind
        let status: Int
        let text: String
        var upgrade = "failed"
        var dial = "failed"
        var phase = Fault.Phase.request
        var side = Fault.Side.client
        var retry = Fault.Retry.never
        var limit: String?
        /// Where it isn't made of the client's text.
        var label: String?
        /// Where the log says more than the client is told.
        var log: String?
    }

    private static let refused: [Row] = [
        Row(kind: .request(.missingKey), status: 400, text: "missing Sec-WebSocket-Key"),
        Row(
            kind: .request(.head(.tooLarge(limit: 5))), status: 431, text: "head larger than 5 bytes",
            limit: "request_head"),
        Row(
            kind: .request(.head(.tooManyFields(limit: 5))), status: 431, text: "more than 5 header fields",
            limit: "request_head"),
        Row(kind: .request(.body(.badChunkSize)), status: 400, text: "malformed chunk size"),
        Row(kind: .plainText, status: 400, text: "plain HTTP request sent to a TLS port"),
        Row(kind: .noRoute, status: 404, text: "no route for this host and path"),
        Row(
            kind: .patternTooSlow, status: 400, text: "path takes too long to match against 'path_regex'",
            limit: "path_regex"),
        Row(kind: .ambiguousPath, status: 400, text: "path can be read in several ways"),
        Row(kind: .originRefused, status: 403, text: "origin is not allowed here"),
        Row(
            kind: .access(.address), status: 403, text: "this address is not allowed here", phase: .access,
            label: "access_address"),
        Row(
            kind: .access(.password(realm: "a")), status: 401, text: "a name and a password are needed",
            phase: .access, label: "access_password"),
        Row(
            kind: .access(.token(.signature, realm: "a")), status: 401, text: "token is not valid",
            phase: .access, label: "access_token_signature"),
        Row(kind: .http2Only, status: 505, text: "only HTTP/2 is spoken here"),
        Row(kind: .useHTTPS(location: "https://a/"), status: 308, text: "use https"),
        Row(
            kind: .requestTooLarge(limit: 9), status: 413, text: "request body larger than 9 bytes",
            limit: "request_body"),
        Row(kind: .slowHead, status: 408, text: "request head did not arrive in time"),
        Row(kind: .slowBody, status: 408, text: "request body did not arrive in time"),
        Row(
            kind: .clientStalls, status: 504, text: "client took no bytes for too long", upgrade: "timed_out",
            phase: .response),
    ]

    private static let crowded: [Row] = [
        Row(
            kind: .memory, status: 503, text: "too much waits for other clients", upgrade: "no_backend",
            side: .proxy, limit: "memory"),
        Row(
            kind: .noMemory, status: 503, text: "out of memory", upgrade: "no_backend", side: .proxy),
        Row(
            kind: .connectionsFull, status: 503, text: "too many connections", upgrade: "no_backend",
            side: .proxy, limit: "client_connections"),
        Row(
            kind: .clientConnectionsFull, status: 503, text: "too many connections from this address",
            upgrade: "no_backend", side: .proxy, limit: "client_connections_per_client"),
        Row(
            kind: .routeFull, status: 503, text: "too many connections on this route", upgrade: "no_backend",
            side: .proxy, limit: "connections"),
        Row(
            kind: .routeFullOfClient, status: 503, text: "too many connections from this address",
            upgrade: "no_backend", side: .proxy, limit: "connections_per_client"),
        Row(
            kind: .routeDrained, status: 503, text: "this route is being drained", upgrade: "no_backend",
            side: .proxy),
        Row(
            kind: .feedsFull, status: 503, text: "too many feeds are open", upgrade: "no_backend",
            phase: .choose, side: .proxy, limit: "feeds"),
        Row(kind: .noWebSocket, status: 502, text: "there is no WebSocket here", side: .proxy),
    ]

    private static let choosing: [Row] = [
        Row(
            kind: .noBackend, status: 503, text: "no backend is available", upgrade: "no_backend",
            phase: .choose, side: .backend),
        Row(
            kind: .streamsTaken, status: 503, text: "all streams to the backend are taken",
            upgrade: "no_backend", phase: .choose, side: .backend, retry: .safe,
            log: "all streams are taken: see pool.streams_per_connection and pool.connections"),
        Row(
            kind: .queueFull, status: 503, text: "too many clients wait for a backend", upgrade: "no_backend",
            phase: .queue, side: .backend, log: "queue is full"),
        Row(
            kind: .queueTimeout, status: 503, text: "no backend had room in time", upgrade: "no_backend",
            phase: .queue, side: .backend, log: "waited too long"),
        Row(
            kind: .feedTimeout, status: 504, text: "feed took too long to open", upgrade: "timed_out",
            phase: .response, side: .backend),
        Row(
            kind: .openingAnswer(status: 204), status: 502, text: "backend answered the upgrade with 204",
            phase: .response, side: .backend),
    ]

    /// Of connecting, in each of its steps.
    private static let connecting: [Row] = [Fault.Step.resolve, .connect, .tls, .http2].flatMap { step in
        let word = step.phase.rawValue
        let dial = step == .resolve ? "not_resolved" : step == .tls ? "tls" : "failed"
        return [
            Row(
                kind: .unreachable(step), status: 502, text: "backend could not be reached", dial: dial,
                phase: step.phase, side: .backend, retry: .safe),
            Row(
                kind: .allOut(step), status: 503, text: "no backend can be reached", upgrade: "no_backend",
                phase: step.phase, side: .backend),
            Row(
                kind: .connectTimeout(step), status: 504, text: "backend took too long (\(word))",
                upgrade: "timed_out", dial: "timed_out", phase: step.phase, side: .backend, retry: .safe,
                log: "\(word) timed out"),
            Row(
                kind: .shortage(.memory, step), status: 503,
                text: "no connection to a backend can be made now", upgrade: "no_backend", dial: "shortage",
                phase: step.phase, side: .proxy, retry: .safe),
        ]
    }

    private static let asking: [Row] = [
        Row(
            kind: .lost, status: 502, text: "backend ended the connection", phase: .response, side: .backend,
            retry: .ifRepeatable),
        Row(
            kind: .brokenOff, status: 502, text: "backend ended the connection", phase: .response,
            side: .backend),
        Row(
            kind: .unprocessed, status: 502, text: "backend takes no requests", phase: .response,
            side: .backend, retry: .safe),
        Row(
            kind: .wantsHTTP1, status: 502, text: "backend takes no requests", phase: .response,
            side: .backend, retry: .safe, log: "HTTP_1_1_REQUIRED"),
        Row(
            kind: .malformed, status: 502, text: "backend's answer is malformed", phase: .response,
            side: .backend),
        Row(
            kind: .badHandshake, status: 502, text: "backend's handshake is wrong", phase: .response,
            side: .backend),
        Row(
            kind: .noAnswer(hasBegun: false), status: 504, text: "backend took too long to answer",
            upgrade: "timed_out", phase: .response, side: .backend, retry: .ifUpgrade,
            log: "no answer in time"),
        Row(
            kind: .noAnswer(hasBegun: true), status: 504, text: "backend took too long to answer",
            upgrade: "timed_out", phase: .response, side: .backend, log: "no answer in time"),
        Row(
            kind: .answerStalls, status: 504, text: "backend stopped in the middle of its answer",
            upgrade: "timed_out", phase: .response, side: .backend, log: "response stands still"),
        Row(
            kind: .backendStalls, status: 504, text: "backend takes nothing of the request",
            upgrade: "timed_out", phase: .response, side: .backend, log: "takes nothing of the request"),
    ]

    private static let rows = refused + crowded + choosing + connecting + asking

    /// A number for each kind: a new one doesn't compile before it has a row.
    private static func number(_ kind: Fault.Kind) -> Int {
        switch kind {
        case .request: 0
        case .plainText: 1
        case .noRoute: 2
        case .patternTooSlow: 3
        case .ambiguousPath: 4
        case .originRefused: 5
        case .http2Only: 6
        case .useHTTPS: 7
        case .requestTooLarge: 8
        case .slowHead: 9
        case .slowBody: 10
        case .clientStalls: 11
        case .memory: 12
        case .noMemory: 39
        case .connectionsFull: 13
        case .clientConnectionsFull: 14
        case .routeFull: 15
        case .routeFullOfClient: 16
        case .routeDrained: 17
        case .feedsFull: 18
        case .noWebSocket: 19
        case .openingAnswer: 20
        case .noBackend: 21
        case .streamsTaken: 22
        case .queueFull: 23
        case .queueTimeout: 24
        case .feedTimeout: 25
        case .unreachable: 26
        case .allOut: 27
        case .connectTimeout: 28
        case .shortage: 29
        case .lost: 30
        case .brokenOff: 31
        case .unprocessed: 32
        case .wantsHTTP1: 33
        case .malformed: 34
        case .badHandshake: 35
        case .noAnswer: 36
        case .answerStalls: 37
        case .backendStalls: 38
        case .access: 40
        }
    }

    /// The words of a text, without what varies in it: what labels have always been.
    private func words(_ text: String) -> String {
        text.split { !($0.isLetter || $0 == "-") }.map { $0.lowercased() }.joined(separator: "_")
    }

    @Test("what we give up for room is nobody's fault")
    func room() {
        #expect(Fault.ended(.transport(.connection(.memory)), isAnswered: false).isForRoom)
        #expect(Fault.ended(.transport(.system(.memoryCut)), isAnswered: true).isForRoom)
        #expect(!Fault.ended(.transport(.connection(.cut("a"))), isAnswered: false).isForRoom)
        #expect(!Fault.ended(.ended, isAnswered: false).isForRoom)
    }

    @Test("every kind has a row")
    func complete() {
        #expect(Set(Self.rows.map { Self.number($0.kind) }) == Set(0...40))
    }

    @Test("each is told as it has always been")
    func table() {
        for row in Self.rows {
            let fault = Fault(row.kind)
            #expect(fault.status == row.status, "\(row.kind)")
            #expect(fault.clientText == row.text, "\(row.kind)")
            #expect(fault.logText == row.log ?? row.text, "\(row.kind)")
            #expect(fault.label == row.label ?? words(row.text), "\(row.kind)")
            #expect(fault.upgradeOutcome == row.upgrade, "\(row.kind)")
            #expect(fault.dialOutcome == row.dial, "\(row.kind)")
            #expect(fault.phase == row.phase && fault.side == row.side, "\(row.kind)")
            #expect(fault.retry == row.retry && fault.limit == row.limit, "\(row.kind)")
        }
    }

    @Test("outcomes of upgrades are those of the statuses")
    func outcomes() {
        for row in Self.rows {
            let expected = row.status == 504 ? "timed_out" : row.status == 503 ? "no_backend" : "failed"
            #expect(Fault(row.kind).upgradeOutcome == expected, "\(row.kind)")
        }
    }

    @Test("what was seen is what the log says")
    func causes() {
        let table: [(Fault.Cause, String)] = [
            (.lookup(name: "a", reason: "unknown"), "cannot resolve 'a': unknown"),
            (.system(SystemError(call: "connect", code: 111)), "connect: Connection refused"),
            (.tls(.alert("x")), "tls: peer sent alert: x"),
            (.http2(.noPreface), "http/2: not an HTTP/2 connection preface"),
            (.transport(.stream(.cancel)), "stream reset: CANCEL"),
            (.head(.badStatusLine), "malformed status line"), (.body(.badChunkSize), "malformed chunk size"),
            (.handshake(.wrongAccept), ClientHandshakeError.wrongAccept.reason),
            (.extensions(.notOffered), DeflateAnswerError.notOffered.reason),
            (.ended, "connection ended"), (.goodbye, "408 on an idle connection"),
            (.leaving, "connection is leaving"), (.refusedStream, "stream was refused"),
        ]
        for (cause, text) in table { #expect(Fault(.lost, cause).logText == text) }
    }

    @Test("a shared connection that we gave up is no doing of the backend's")
    func sharedConnections() {
        let table: [(HTTP2ConnectionLoss, String, String, EndingCause?)] = [
            (.lost("reset"), "backend ended the connection", "backend_ended_the_connection", nil),
            (.unanswered, "backend does not answer", "backend_does_not_answer", .pongTimeout),
            (
                .cut("memory"), "connection to the backend was given up",
                "connection_to_the_backend_was_given_up", .connectionCut("memory")
            ),
        ]
        for (loss, text, label, ending) in table {
            let error = TransportError.connection(loss)
            for isAnswered in [false, true] {
                let fault = Fault.ended(.transport(error), isAnswered: isAnswered)
                #expect(fault.clientText == text && fault.label == label)
                #expect(fault.logText == loss.description)
            }
            #expect(error.endingCause(of: .backend) == ending)
        }
    }

    @Test("errors of layers below become faults, and never a timeout")
    func errors() {
        let refused = Fault.connecting(SystemError(call: "connect", code: 111))
        #expect(refused.kind == .unreachable(.connect) && refused.dialOutcome == "refused")
        #expect(refused.whereAllAreOut.kind == .allOut(.connect))
        let none = Fault.connecting(.noDescriptor)
        #expect(none.kind == .shortage(.descriptors, .connect) && none.shortage == .descriptors)
        #expect(none.whereAllAreOut == none)
        #expect(Fault.noSession(.setup("x")).kind == .shortage(.memory, .tls))
        #expect(Fault.noHTTP2(.library("x")).kind == .shortage(.memory, .http2))
        #expect(Fault.unresolved("a", "b").kind == .unreachable(.resolve))
        #expect(Fault.opening(.stream(.cancel)).kind == .unreachable(.http2))
        #expect(Fault.opening(.tls(.alert("x"))).kind == .unreachable(.tls))
        #expect(Fault.ended(.ended, isAnswered: false).kind == .lost)
        #expect(Fault.ended(.ended, isAnswered: true).kind == .brokenOff)
    }

    @Test("a stream's code says whether the request was looked at")
    func streams() {
        let error = TransportError.stream(.refusedStream)
        for isAnswered in [false, true] {
            #expect(Fault.stream(.refusedStream, error, isAnswered: isAnswered).kind == .unprocessed)
        }
        #expect(Fault.stream(.http11Required, error, isAnswered: false).kind == .wantsHTTP1)
        #expect(Fault.stream(.http11Required, error, isAnswered: true).kind == .brokenOff)
        #expect(Fault.stream(.cancel, error, isAnswered: false).kind == .lost)
    }

    @Test("a client is told what it may do instead")
    func fields() {
        #expect(Fault(.useHTTPS(location: "https://a/")).fields.map(\.value) == ["https://a/"])
        #expect(Fault(.request(.methodNotAllowed)).fields.map(\.name) == ["Allow"])
        #expect(Fault(.noBackend).fields.isEmpty)
    }
}
