/// How a connection ended that ended its streams with it. A stream that ends alone was reset by its peer.
package enum HTTP2ConnectionLoss: Equatable, Sendable, CustomStringConvertible {
    /// The peer or the network ended it.
    case lost(String)
    /// We ended it, as a PING was not answered.
    case unanswered
    /// We ended it, for what the peer did or as the process needed room.
    case cut(String)

    /// One line.
    package var description: String {
        switch self {
        case .lost(let reason): reason
        case .unanswered: "no answer to a PING"
        case .cut(let reason): "cut: \(reason)"
        }
    }
}
