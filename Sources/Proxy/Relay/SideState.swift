internal import WebSocketProtocol

/// One side of a session from its handshake to its end (RFC 6455, 7.1), with what belongs to each state. Pure.
///
/// Only the machine above it knows when to close; this knows what may still be said, and when it may be.
enum SideState: ~Copyable {
    /// Messages flow both ways; then `closing` or `closed`.
    case open(isMidFrame: Bool)
    /// A Close was sent or received, or the peer is no longer heard; then `closed`.
    case closing(Apart<Parting>)
    /// The connection is closed; nothing follows.
    case closed
    /// There is no connection, and nobody waits for one to end.
    case absent(since: UInt64)

    /// What is known while a side closes.
    struct Parting: Equatable {
        /// What became of our Close.
        enum Ours: Equatable {
            case unsaid
            /// It waits for the end of the frame that is under way.
            case held(ClosePayload)
            case said
        }

        var isMidFrame: Bool
        var ours = Ours.unsaid
        /// The Close that the peer sent.
        var theirs: ClosePayload?
        var isHeard = true
        /// Our side ends when our Close has gone.
        var finishes = false
        /// The peer has ended its side behind its Close, and waits for ours.
        var hasEnded = false

        /// Both have closed.
        var isFinished: Bool { ours == .said && theirs != nil }
        var settles: Bool { isFinished && hasEnded }
    }

    /// Both Closes have passed, and the connection is to end.
    static var parted: SideState {
        .closing(
            Apart(
                Parting(
                    isMidFrame: false, ours: .said, theirs: ClosePayload(.goingAway, ""), isHeard: false)))
    }

    private var parting: Parting? {
        switch self {
        case .open: nil
        case .closing(let parting): parting.value
        case .closed: nil
        case .absent: nil
        }
    }

    var gate: SideGate {
        switch self {
        case .open(let isMidFrame): isMidFrame ? [.open, .isMidFrame] : .open
        case .closing(let parting):
            SideGate.isConnected
                .union(parting.value.isHeard ? .hears : [])
                .union(parting.value.isMidFrame ? [.isMidFrame, .takesData] : [])
                .union(parting.value.ours == .unsaid ? .takesData : [])
        case .closed: []
        case .absent: []
        }
    }

    var isConnected: Bool {
        switch self {
        case .open: true
        case .closing: true
        case .closed: false
        case .absent: false
        }
    }

    /// No Close of ours was asked for, and one can be.
    var takesClose: Bool {
        switch self {
        case .open: true
        case .closing(let parting): parting.value.ours == .unsaid
        case .closed: false
        case .absent: false
        }
    }

    /// Both Close frames have passed.
    var isFinished: Bool { parting?.isFinished ?? false }

    /// Both have passed, and the peer has ended its side: the connection may end when all has gone.
    var settles: Bool { parting?.settles ?? false }

    /// The Close of a peer that still waits for ours.
    var unanswered: ClosePayload? { parting.flatMap { $0.ours == .unsaid ? $0.theirs : nil } }

    /// A Close of ours was asked for.
    var hasOurs: Bool { parting.map { $0.ours != .unsaid } ?? false }

    /// The peer has sent its Close.
    var hasTheirs: Bool { parting?.theirs != nil }

    // MARK: What happens

    mutating func frameBegins() {
        switch consume self {
        case .open: self = .open(isMidFrame: true)
        case .closing(var parting):
            parting.value.isMidFrame = true
            self = .closing(parting)
        case .closed: self = .closed
        case .absent(let since): self = .absent(since: since)
        }
    }

    /// What waited for the frame's end follows it.
    mutating func frameEnds() -> SideOrder {
        switch consume self {
        case .open:
            self = .open(isMidFrame: false)
            return .none
        case .closing(let held):
            var parting = held.value
            parting.isMidFrame = false
            guard case .held(let payload) = parting.ours else {
                self = .closing(Apart(parting))
                return .none
            }
            parting.ours = .said
            let order = SideOrder(
                close: payload, isAnswer: parting.theirs != nil, finishes: parting.finishes,
                settles: parting.settles)
            self = .closing(Apart(parting))
            return order
        case .closed:
            self = .closed
            return .none
        case .absent(let since):
            self = .absent(since: since)
            return .none
        }
    }

    /// The peer's Close, after which it is heard no more.
    mutating func receives(_ payload: ClosePayload) {
        change {
            $0.theirs = payload
            $0.isHeard = false
        }
    }

    /// What the peer sends counts no longer.
    mutating func deafens() { change { $0.isHeard = false } }

    /// The peer has ended its side behind its Close.
    mutating func peerEnds() { change { $0.hasEnded = true } }

    /// Says Close now, or at the end of the frame that is under way; only the first one counts.
    mutating func says(_ payload: ClosePayload) -> SideOrder {
        guard takesClose else { return .none }
        var order = SideOrder.none
        change {
            guard !$0.isMidFrame else { return $0.ours = .held(payload) }
            $0.ours = .said
            order.close = payload
            order.isAnswer = $0.theirs != nil
        }
        return order
    }

    /// Nothing more will be said after our Close.
    mutating func finishes() -> SideOrder {
        var order = SideOrder.none
        change {
            guard !$0.finishes else { return }
            $0.finishes = true
            order.finishes = $0.ours == .said || !$0.isMidFrame
        }
        return order
    }

    /// Closes the connection, where there is one.
    mutating func abort() -> SideOrder {
        guard isConnected else { return .none }
        self = .closed
        return .cut
    }

    private mutating func change(_ body: (inout Parting) -> Void) {
        switch consume self {
        case .open(let isMidFrame):
            var parting = Parting(isMidFrame: isMidFrame)
            body(&parting)
            self = .closing(Apart(parting))
        case .closing(var parting):
            body(&parting.value)
            self = .closing(parting)
        case .closed: self = .closed
        case .absent(let since): self = .absent(since: since)
        }
    }
}
