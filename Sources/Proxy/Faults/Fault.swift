internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import PerMessageDeflate
internal import TLS

/// Why something that was asked for was not done: who failed, in what phase, whether it is safe to try again, and what
/// was seen of it.
///
/// All but the cause follow from the kind, so that no fault can contradict itself. `FaultWords` says how it is told.
struct Fault: Error, Equatable {
    let kind: Kind
    let cause: Cause

    init(_ kind: Kind, _ cause: Cause = .itself) {
        self.kind = kind
        self.cause = cause
    }

    /// Who failed.
    enum Side: String { case client, backend, proxy }

    /// What was under way, in the log's words.
    enum Phase: String {
        case request, access, choose, queue, resolve, connect, tls, http2, body, response, answer, feed
    }

    /// A part of connecting to a backend.
    enum Step { case resolve, connect, tls, http2 }

    /// Whether it may be tried again, with another backend or the same.
    enum Retry {
        /// The backend has not seen it: it may be asked of any.
        case safe
        /// The backend may have acted on it, and has not answered: only what may be done twice (RFC 9110, 9.2.2).
        case ifRepeatable
        /// The backend is slow: only a handshake, which costs it little, is asked of another.
        case ifUpgrade
        case never
    }

    /// What a kind or a cause has stands apart: results that are no faults, and are most, are not to be as large as faults.
    indirect enum Kind: Hashable {
        // Of what a client asked.

        /// The request is wrong in itself.
        case request(Refusal.Reason)
        case plainText
        case noRoute
        /// A pattern was given up: nobody knows what route it would have been.
        case patternTooSlow
        case ambiguousPath
        case originRefused
        /// The route's rules don't let it in.
        case access(AccessFault)
        case http2Only
        case useHTTPS(location: String)
        case requestTooLarge(limit: Int)
        /// The head did not arrive in time.
        case slowHead
        /// The body did not.
        case slowBody
        /// The client takes nothing of its answer.
        case clientStalls

        // Of what we have no room for.

        case memory
        /// The kernel gives none.
        case noMemory
        case connectionsFull
        case clientConnectionsFull
        case routeFull
        case routeFullOfClient
        case routeDrained
        case feedsFull

        // Of what would open a WebSocket that isn't there (RFC 8441, 5).

        case noWebSocket
        case openingAnswer(status: Int)

        // Before a backend was asked.

        /// None may be chosen.
        case noBackend
        /// All streams to it are taken.
        case streamsTaken
        case queueFull
        case queueTimeout
        /// The feed that the client waited for did not open.
        case feedTimeout
        /// A connection could not be made, or was broken off while it was made.
        case unreachable(Step)
        /// The same, and all the others are known to be out.
        case allOut(Step)
        case connectTimeout(Step)
        /// We lack what a connection needs.
        case shortage(SystemError.Shortage, Step)

        // After it was asked.

        /// The connection ended, and nothing of an answer had come.
        case lost
        /// It ended in the middle of the answer.
        case brokenOff
        /// The backend says that it has not looked at the request (RFC 9113, 8.7).
        case unprocessed
        /// The same, and that it wants it over HTTP/1.1 (RFC 9113, 7).
        case wantsHTTP1
        case malformed
        /// An answer to an upgrade that breaks the rules of the handshake.
        case badHandshake
        /// No answer in time; what had begun was no whole head.
        case noAnswer(hasBegun: Bool)
        /// It stopped in the middle of its answer.
        case answerStalls
        /// It takes nothing of the request.
        case backendStalls
    }

    /// What was seen: the error of the layer below.
    indirect enum Cause: Equatable {
        /// The kind says it all.
        case itself
        case lookup(name: String, reason: String)
        case system(SystemError)
        case tls(TLSError)
        case http2(HTTP2Error)
        case transport(TransportError)
        case head(HeadError)
        case body(BodyError)
        case handshake(ClientHandshakeError)
        case extensions(DeflateAnswerError)
        /// The peer ended in order.
        case ended
        /// 408 on a connection that was idle: our request came too late, and nobody has read it (RFC 9110, 15.5.9).
        case goodbye
        /// The connection has just said that it takes no more.
        case leaving
        case refusedStream
    }
}

extension Fault {
    var side: Side {
        switch kind {
        case .request, .plainText, .noRoute, .patternTooSlow, .ambiguousPath, .originRefused, .http2Only,
            .access, .useHTTPS, .requestTooLarge, .slowHead, .slowBody, .clientStalls:
            .client
        case .memory, .noMemory, .connectionsFull, .clientConnectionsFull, .routeFull, .routeFullOfClient,
            .routeDrained,
            .feedsFull, .noWebSocket, .shortage:
            .proxy
        case .openingAnswer, .noBackend, .streamsTaken, .queueFull, .queueTimeout, .feedTimeout, .unreachable,
            .allOut, .connectTimeout, .lost, .brokenOff, .unprocessed, .wantsHTTP1, .malformed, .badHandshake,
            .noAnswer, .answerStalls, .backendStalls:
            .backend
        }
    }

    var phase: Phase {
        switch kind {
        case .access: .access
        case .request, .plainText, .noRoute, .patternTooSlow, .ambiguousPath, .originRefused, .http2Only,
            .useHTTPS, .requestTooLarge, .slowHead, .slowBody, .memory, .noMemory, .connectionsFull,
            .clientConnectionsFull, .routeFull, .routeFullOfClient, .routeDrained, .noWebSocket:
            .request
        case .feedsFull, .noBackend, .streamsTaken: .choose
        case .queueFull, .queueTimeout: .queue
        case .unreachable(let step), .allOut(let step), .connectTimeout(let step), .shortage(_, let step):
            step.phase
        case .clientStalls, .openingAnswer, .feedTimeout, .lost, .brokenOff, .unprocessed, .wantsHTTP1,
            .malformed, .badHandshake, .noAnswer, .answerStalls, .backendStalls:
            .response
        }
    }

    var retry: Retry {
        switch kind {
        case .streamsTaken, .unreachable, .connectTimeout, .shortage, .unprocessed, .wantsHTTP1: .safe
        case .lost: .ifRepeatable
        case .noAnswer(hasBegun: false): .ifUpgrade
        case .access, .request, .plainText, .noRoute, .patternTooSlow, .ambiguousPath, .originRefused,
            .http2Only,
            .useHTTPS, .requestTooLarge, .slowHead, .slowBody, .clientStalls, .memory, .noMemory,
            .connectionsFull,
            .clientConnectionsFull, .routeFull, .routeFullOfClient, .routeDrained, .feedsFull, .noWebSocket,
            .openingAnswer, .noBackend, .queueFull, .queueTimeout, .feedTimeout, .allOut, .brokenOff,
            .malformed, .badHandshake, .noAnswer(hasBegun: true), .answerStalls, .backendStalls:
            .never
        }
    }

    /// What we are out of ourselves, if that is the cause: then it says nothing of the backend.
    var shortage: SystemError.Shortage? {
        if case .shortage(let lacking, _) = kind { lacking } else { nil }
    }

    /// We gave the connection up ourselves, or the stream, as the process held too much: that says nothing of the backend.
    var isForRoom: Bool {
        switch cause {
        case .transport(.connection(.memory)), .transport(.system(.memoryCut)): true
        default: false
        }
    }

    /// As it is told where all backends are known to be out (see `Upstream.isKnownOut`).
    var whereAllAreOut: Fault {
        if case .unreachable(let step) = kind { Fault(.allOut(step), cause) } else { self }
    }
}

// How the errors of layers below become faults.
extension Fault {
    /// A connection was refused, or broke off.
    static func connecting(_ error: SystemError, in step: Step = .connect) -> Fault {
        Fault(error.shortage.map { .shortage($0, step) } ?? .unreachable(step), .system(error))
    }

    /// A TLS session could not be made: nothing was asked of the backend yet.
    static func noSession(_ error: TLSError) -> Fault { Fault(.shortage(.memory, .tls), .tls(error)) }

    static func unresolved(_ name: String, _ reason: String) -> Fault {
        Fault(.unreachable(.resolve), .lookup(name: name, reason: reason))
    }

    /// HTTP/2 could not be begun on a connection: a fault of ours.
    static func noHTTP2(_ error: HTTP2Error) -> Fault { Fault(.shortage(.memory, .http2), .http2(error)) }

    /// A transport that broke while it was opened.
    static func opening(_ error: TransportError) -> Fault {
        switch error {
        case .system(let error): .connecting(error)
        case .tls(let error): Fault(.unreachable(.tls), .tls(error))
        case .stream, .connection: Fault(.unreachable(.http2), .transport(error))
        }
    }

    /// The connection went while an answer was awaited, or in the middle of it.
    static func ended(_ cause: Cause, isAnswered: Bool) -> Fault {
        Fault(isAnswered ? .brokenOff : .lost, cause)
    }

    /// What a stream that ended without an answer says (RFC 9113, 7 and 8.7).
    static func stream(_ code: HTTP2Code, _ error: TransportError, isAnswered: Bool) -> Fault {
        switch code {
        case .refusedStream: Fault(.unprocessed, .refusedStream)
        case .http11Required where !isAnswered: Fault(.wantsHTTP1)
        default: .ended(.transport(error), isAnswered: isAnswered)
        }
    }
}

extension Fault.Step {
    var phase: Fault.Phase {
        switch self {
        case .resolve: .resolve
        case .connect: .connect
        case .tls: .tls
        case .http2: .http2
        }
    }
}
