internal import Access
internal import TLS

/// What a process knows that its configuration does not say, and that the one which takes its place has to know: the
/// keys of session tickets, and what operators have drained and revoked.
struct HandedState {
    /// Ticket keys of one listener.
    struct Tickets {
        /// Its address.
        let listener: String
        /// The one that seals, then the one before it.
        let secrets: [TicketSecret]
        /// Nanoseconds from key to key; 0 = for ever.
        let period: UInt64
        /// When the next key is due, on the machine's monotonic clock.
        let due: UInt64?
    }

    var tickets: [Tickets] = []
    /// Names of drained routes.
    var routes: [String] = []
    /// By the upstream's name.
    var upstreams: [String: DrainMarks] = [:]
    /// Each with its end, in seconds since 1970.
    var revocations: [(revocation: Revocation, until: Double)] = []
    /// The longest that a token lives, in seconds.
    var tokenLife = 0.0

    /// Bytes; a larger state is neither left nor taken. As many revocations as there may be have room.
    static let most = 16 << 20
}

/// Why a state that was left is not taken.
enum HandedStateError: Error, Equatable, CustomStringConvertible {
    case noNumber, foreign, version(UInt64), cut, garbled

    var description: String {
        switch self {
        case .noNumber: "\(InheritedSockets.stateVariable) names no descriptor"
        case .foreign: "it is not from a process of this program"
        case .version(let version): "it has version \(version), this program reads \(HandedState.version)"
        case .cut: "it ends too early"
        case .garbled: "it is garbled"
        }
    }
}
