internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import PerMessageDeflate

// How a fault is told: to the client, in the log and in the metrics. Nothing else words one, and nothing decides by what
// it says.
extension Fault {
    /// What the client gets.
    var status: Int {
        switch kind {
        case .request(let reason): reason.status
        case .access(let fault): fault.status
        case .useHTTPS: 308
        case .plainText, .patternTooSlow, .ambiguousPath: 400
        case .originRefused: 403
        case .noRoute: 404
        case .slowHead, .slowBody: 408
        case .requestTooLarge: 413
        case .noWebSocket, .openingAnswer, .unreachable, .lost, .brokenOff, .unprocessed, .wantsHTTP1,
            .malformed, .badHandshake:
            502
        case .memory, .noMemory, .connectionsFull, .clientConnectionsFull, .routeFull, .routeFullOfClient,
            .routeDrained,
            .feedsFull, .noBackend, .streamsTaken, .queueFull, .queueTimeout, .allOut, .shortage:
            503
        case .feedTimeout, .connectTimeout, .noAnswer, .answerStalls, .backendStalls, .clientStalls: 504
        case .http2Only: 505
        }
    }

    /// One line, lower case.
    var clientText: String {
        switch kind {
        case .request(let reason): reason.text
        case .plainText: "plain HTTP request sent to a TLS port"
        case .noRoute: "no route for this host and path"
        case .patternTooSlow: "path takes too long to match against 'path_regex'"
        case .ambiguousPath: "path can be read in several ways"
        case .originRefused: "origin is not allowed here"
        case .access(let fault): fault.text
        case .http2Only: "only HTTP/2 is spoken here"
        case .useHTTPS: "use https"
        case .requestTooLarge(let limit): "request body larger than \(limit) bytes"
        case .slowHead: "request head did not arrive in time"
        case .slowBody: "request body did not arrive in time"
        case .clientStalls: "client took no bytes for too long"
        case .memory: "too much waits for other clients"
        case .noMemory: "out of memory"
        case .connectionsFull: "too many connections"
        case .clientConnectionsFull, .routeFullOfClient: "too many connections from this address"
        case .routeFull: "too many connections on this route"
        case .routeDrained: "this route is being drained"
        case .feedsFull: "too many feeds are open"
        case .noWebSocket: "there is no WebSocket here"
        case .openingAnswer(let status): "backend answered the upgrade with \(status)"
        case .noBackend: "no backend is available"
        case .streamsTaken: "all streams to the backend are taken"
        case .queueFull: "too many clients wait for a backend"
        case .queueTimeout: "no backend had room in time"
        case .feedTimeout: "feed took too long to open"
        case .unreachable: "backend could not be reached"
        case .allOut: "no backend can be reached"
        case .connectTimeout(let step): "backend took too long (\(step.phase.rawValue))"
        case .shortage: "no connection to a backend can be made now"
        case .lost, .brokenOff: lossText
        case .unprocessed, .wantsHTTP1: "backend takes no requests"
        case .malformed: "backend's answer is malformed"
        case .badHandshake: "backend's handshake is wrong"
        case .noAnswer: "backend took too long to answer"
        case .answerStalls: "backend stopped in the middle of its answer"
        case .backendStalls: "backend takes nothing of the request"
        }
    }

    /// Who ended the connection: of one that is shared it may have been us.
    private var lossText: String {
        switch cause {
        case .transport(.connection(.unanswered)): "backend does not answer"
        case .transport(.connection(.cut)), .transport(.connection(.memory)):
            "connection to the backend was given up"
        default: "backend ended the connection"
        }
    }

    private var lossLabel: String {
        switch cause {
        case .transport(.connection(.unanswered)): "backend_does_not_answer"
        case .transport(.connection(.cut)), .transport(.connection(.memory)):
            "connection_to_the_backend_was_given_up"
        default: "backend_ended_the_connection"
        }
    }

    /// The `cause` of log lines, and why a backend rests.
    var logText: String {
        if let seen = cause.text { return seen }
        return switch kind {
        case .streamsTaken:
            "all streams are taken: see pool.streams_per_connection and pool.connections"
        case .queueFull: "queue is full"
        case .queueTimeout: "waited too long"
        case .connectTimeout(let step): "\(step.phase.rawValue) timed out"
        case .noAnswer: "no answer in time"
        case .answerStalls: "response stands still"
        case .backendStalls: "takes nothing of the request"
        case .wantsHTTP1: "HTTP_1_1_REQUIRED"
        case .access, .request, .plainText, .noRoute, .patternTooSlow, .ambiguousPath, .originRefused,
            .http2Only,
            .useHTTPS, .requestTooLarge, .slowHead, .slowBody, .clientStalls, .memory, .noMemory,
            .connectionsFull,
            .clientConnectionsFull, .routeFull, .routeFullOfClient, .routeDrained, .feedsFull, .noWebSocket,
            .openingAnswer, .noBackend, .feedTimeout, .unreachable, .allOut, .shortage, .lost, .brokenOff,
            .unprocessed, .malformed, .badHandshake:
            clientText
        }
    }

    /// The `reason` of refusals that are counted: a closed set, whatever a peer sends.
    var label: String {
        switch kind {
        case .request(let reason): reason.label
        case .plainText: "plain_http_request_sent_to_a_tls_port"
        case .noRoute: "no_route_for_this_host_and_path"
        case .patternTooSlow: "path_takes_too_long_to_match_against_path_regex"
        case .ambiguousPath: "path_can_be_read_in_several_ways"
        case .originRefused: "origin_is_not_allowed_here"
        case .access(let fault): fault.label
        case .http2Only: "only_http_is_spoken_here"
        case .useHTTPS: "use_https"
        case .requestTooLarge: "request_body_larger_than_bytes"
        case .slowHead: "request_head_did_not_arrive_in_time"
        case .slowBody: "request_body_did_not_arrive_in_time"
        case .clientStalls: "client_took_no_bytes_for_too_long"
        case .memory: "too_much_waits_for_other_clients"
        case .noMemory: "out_of_memory"
        case .connectionsFull: "too_many_connections"
        case .clientConnectionsFull, .routeFullOfClient: "too_many_connections_from_this_address"
        case .routeFull: "too_many_connections_on_this_route"
        case .routeDrained: "this_route_is_being_drained"
        case .feedsFull: "too_many_feeds_are_open"
        case .noWebSocket: "there_is_no_websocket_here"
        case .openingAnswer: "backend_answered_the_upgrade_with"
        case .noBackend: "no_backend_is_available"
        case .streamsTaken: "all_streams_to_the_backend_are_taken"
        case .queueFull: "too_many_clients_wait_for_a_backend"
        case .queueTimeout: "no_backend_had_room_in_time"
        case .feedTimeout: "feed_took_too_long_to_open"
        case .unreachable: "backend_could_not_be_reached"
        case .allOut: "no_backend_can_be_reached"
        case .connectTimeout(.resolve): "backend_took_too_long_resolve"
        case .connectTimeout(.connect): "backend_took_too_long_connect"
        case .connectTimeout(.tls): "backend_took_too_long_tls"
        case .connectTimeout(.http2): "backend_took_too_long_http"
        case .shortage: "no_connection_to_a_backend_can_be_made_now"
        case .lost, .brokenOff: lossLabel
        case .unprocessed, .wantsHTTP1: "backend_takes_no_requests"
        case .malformed: "backend_s_answer_is_malformed"
        case .badHandshake: "backend_s_handshake_is_wrong"
        case .noAnswer: "backend_took_too_long_to_answer"
        case .answerStalls: "backend_stopped_in_the_middle_of_its_answer"
        case .backendStalls: "backend_takes_nothing_of_the_request"
        }
    }

    /// The `outcome` of an upgrade that an upstream was asked for.
    var upgradeOutcome: String {
        switch kind {
        case .feedTimeout, .connectTimeout, .noAnswer, .answerStalls, .backendStalls, .clientStalls:
            "timed_out"
        case .memory, .noMemory, .connectionsFull, .clientConnectionsFull, .routeFull, .routeFullOfClient,
            .routeDrained,
            .feedsFull, .noBackend, .streamsTaken, .queueFull, .queueTimeout, .allOut, .shortage:
            "no_backend"
        case .access, .request, .plainText, .noRoute, .patternTooSlow, .ambiguousPath, .originRefused,
            .http2Only,
            .useHTTPS, .requestTooLarge, .slowHead, .slowBody, .noWebSocket, .openingAnswer, .unreachable,
            .lost, .brokenOff, .unprocessed, .wantsHTTP1, .malformed, .badHandshake:
            "failed"
        }
    }

    /// The `outcome` of a dial.
    var dialOutcome: String {
        switch kind {
        case .unreachable(.resolve): "not_resolved"
        case .unreachable(.tls): "tls"
        case .unreachable(.connect), .unreachable(.http2): isRefusedConnection ? "refused" : "failed"
        case .connectTimeout: "timed_out"
        case .shortage: "shortage"
        case .access, .request, .plainText, .noRoute, .patternTooSlow, .ambiguousPath, .originRefused,
            .http2Only,
            .useHTTPS, .requestTooLarge, .slowHead, .slowBody, .clientStalls, .memory, .noMemory,
            .connectionsFull,
            .clientConnectionsFull, .routeFull, .routeFullOfClient, .routeDrained, .feedsFull, .noWebSocket,
            .openingAnswer, .noBackend, .streamsTaken, .queueFull, .queueTimeout, .feedTimeout, .allOut,
            .lost,
            .brokenOff, .unprocessed, .wantsHTTP1, .malformed, .badHandshake, .noAnswer, .answerStalls,
            .backendStalls:
            "failed"
        }
    }

    private var isRefusedConnection: Bool {
        if case .system(let error) = cause { error.isConnectionRefused } else { false }
    }

    /// Fields of the answer that say to the client what it may do instead.
    var fields: [HeaderFields.Field] {
        switch kind {
        case .request(let reason): reason.fields
        case .access(let fault): fault.fields
        case .useHTTPS(let location): [.init("Location", location)]
        case .plainText, .noRoute, .patternTooSlow, .ambiguousPath, .originRefused, .http2Only,
            .requestTooLarge, .slowHead, .slowBody, .clientStalls, .memory, .noMemory, .connectionsFull,
            .clientConnectionsFull, .routeFull, .routeFullOfClient, .routeDrained, .feedsFull, .noWebSocket,
            .openingAnswer, .noBackend, .streamsTaken, .queueFull, .queueTimeout, .feedTimeout, .unreachable,
            .allOut, .connectTimeout, .shortage, .lost, .brokenOff, .unprocessed, .wantsHTTP1, .malformed,
            .badHandshake, .noAnswer, .answerStalls, .backendStalls:
            []
        }
    }

    /// The limit of the configuration that was met, by its name in the metrics.
    var limit: String? {
        switch kind {
        case .request(.head(.tooLarge)), .request(.head(.tooManyFields)): "request_head"
        case .requestTooLarge: "request_body"
        case .patternTooSlow: "path_regex"
        case .memory: "memory"
        case .connectionsFull: "client_connections"
        case .clientConnectionsFull: "client_connections_per_client"
        case .routeFull: "connections"
        case .routeFullOfClient: "connections_per_client"
        case .feedsFull: "feeds"
        case .access, .request, .plainText, .noRoute, .ambiguousPath, .originRefused, .http2Only, .useHTTPS,
            .slowHead,
            .slowBody, .clientStalls, .noMemory, .routeDrained, .noWebSocket, .openingAnswer, .noBackend,
            .streamsTaken,
            .queueFull, .queueTimeout, .feedTimeout, .unreachable, .allOut, .connectTimeout, .shortage, .lost,
            .brokenOff, .unprocessed, .wantsHTTP1, .malformed, .badHandshake, .noAnswer, .answerStalls,
            .backendStalls:
            nil
        }
    }
}

extension Fault.Cause {
    /// nil: nothing beyond the kind.
    var text: String? {
        switch self {
        case .itself: nil
        case .lookup(let name, let reason): "cannot resolve '\(name)': \(reason)"
        case .system(let error): error.description
        case .tls(let error): "tls: \(error)"
        case .http2(let error): "http/2: \(error)"
        case .transport(let error): error.description
        case .head(let error): error.reason
        case .body(let error): error.reason
        case .handshake(let error): error.reason
        case .extensions(let error): error.reason
        case .ended: "connection ended"
        case .goodbye: "408 on an idle connection"
        case .leaving: "connection is leaving"
        case .refusedStream: "stream was refused"
        }
    }
}
