import HTTPProtocol

/// Tests write targets as text.
extension RequestTarget: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = (try? RequestTarget(text: text)) ?? .root }
}
