internal import WebSocketProtocol

/// The Close that sessions get from an operator.
struct CloseWords: Equatable, Sendable {
    var code = CloseCode.policyViolation
    var reason = "closed by an operator"
}

/// What an operator sends into sessions.
struct SessionMessage: Equatable, Sendable {
    let payload: [UInt8]
    let isText: Bool
}
