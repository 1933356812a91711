/// The status code of a Close frame (RFC 6455, 7.4).
package struct CloseCode: Equatable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    package let rawValue: UInt16

    /// Any number; see `isLegalOnWire`.
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The purpose is fulfilled.
    package static let normal = CloseCode(rawValue: 1000)
    /// The peer goes away: a page is left, a server shuts down.
    package static let goingAway = CloseCode(rawValue: 1001)
    /// The peer broke the protocol.
    package static let protocolError = CloseCode(rawValue: 1002)
    /// The payload is not what its type says, e.g. text that is not UTF-8.
    package static let invalidPayload = CloseCode(rawValue: 1007)
    /// A rule of ours was broken that has no other code.
    package static let policyViolation = CloseCode(rawValue: 1008)
    /// The message is too big to be taken.
    package static let messageTooBig = CloseCode(rawValue: 1009)
    /// We can't go on.
    package static let internalError = CloseCode(rawValue: 1011)
    /// We restart: come back soon.
    package static let serviceRestart = CloseCode(rawValue: 1012)
    /// We are full: come back later.
    package static let tryAgainLater = CloseCode(rawValue: 1013)

    /// 1004, 1005, 1006 and 1015 are never sent; below 3000 only registered codes are; 5000 and above are
    /// undefined (RFC 6455, 7.4.1 and 7.4.2, with 1012 to 1014 from the IANA registry).
    package var isLegalOnWire: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// The number.
    package var description: String { String(rawValue) }
}
