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

    /// How clients that come to the next process reach sessions of this one and of those before it.
    struct Family {
        /// What the tokens of sessions are made with, in all of these processes.
        let key: ResumeKey
        /// The processes that may have sessions yet.
        let elders: [Elder]
        /// What comes back from them: the end that is read, and the one that is written.
        let back: (inbox: Int32, line: Int32)
    }

    /// A process before the one that the state is left to.
    struct Elder: Equatable {
        let process: UInt64
        /// The number of the line to it.
        let line: Int32
    }

    var family: Family?
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
