/// How a connection ended that ended its streams with it, or what a stream was given up for. Another that ends alone was
/// reset by its peer.
package enum HTTP2ConnectionLoss: Equatable, Sendable, CustomStringConvertible {
    /// The peer or the network ended it.
    case lost(String)
    /// We ended it, as a PING was not answered.
    case unanswered
    /// We ended it, for what the peer did.
    case cut(String)
    /// We ended it, or the stream alone, as the process held too much.
    case memory

    /// One line.
    package var description: String {
        switch self {
        case .lost(let reason): reason
        case .unanswered: "no answer to a PING"
        case .cut(let reason): "cut: \(reason)"
        case .memory: "cut: the process held most for it"
        }
    }
}
