internal import Configuration
internal import Durations
internal import WebSocketProtocol

/// Decides how a session goes on when its client's connection doesn't: what is kept for the client, when its backend is
/// not read, what a client finds that comes back, and when it is not waited for any longer. Pure; nanoseconds.
///
/// The backend's messages are numbered from 1. A client that has answered a Ping has had what came before it (RFC 6455,
/// 5.5.2), so those need not be kept for long: a browser may have taken what its page has not. One that comes back says
/// itself how many it has had.
struct ResumeMachine: ~Copyable {
    /// Between two Pings that ask what was taken.
    static let pingInterval = Duration.milliseconds(100).nanoseconds

    /// What a Pong has confirmed is kept for so long yet, where there is room.
    static let lingering = Duration.seconds(5).nanoseconds

    private enum Client: Equatable {
        case here
        case away(since: UInt64)
        case over
    }

    /// What a client that is away is to be told.
    private enum Farewell: Equatable {
        /// Behind all that it has missed.
        case closes(ClosePayload)
        /// At once: it has missed too much.
        case givesUp(ClosePayload)
    }

    private let rules: ResumeConfiguration
    /// `within`, counted; 0 = for ever.
    private let patience: UInt64
    private var client = Client.here
    /// Of the backend's messages.
    private(set) var count = DeliveryCount(resends: true, pingInterval: ResumeMachine.pingInterval)
    /// Those that are not kept any more.
    private var released: UInt64 = 0
    /// Those that are not to be kept from then on.
    private var ripening: (number: UInt64, due: UInt64)?
    /// The last one that passed in parts, and was not kept.
    private var lastStreamed: UInt64 = 0
    private var streams: (client: Bool, backend: Bool) = (false, false)
    private var farewell: Farewell?

    init(_ rules: ResumeConfiguration) {
        self.rules = rules
        patience = rules.within.nanoseconds
    }

    // MARK: What is known

    /// What the backend says goes to the client.
    var isHere: Bool { client == .here }
    /// Its client may come back.
    var isAway: Bool { if case .away = client { true } else { false } }
    var isOver: Bool { client == .over }
    /// The backend's side has ended too, and the client is to learn of it.
    var hasFarewell: Bool { farewell != nil }

    /// Until when the client is waited for; nil where it is not, or for ever.
    var deadline: UInt64? {
        guard case .away(let since) = client, patience > 0 else { return nil }
        let (sum, isBeyond) = since.addingReportingOverflow(patience)
        return isBeyond ? nil : sum
    }

    // MARK: Messages

    /// A whole message has come from the backend, and is kept. Whether it goes to the client now.
    mutating func backendMessage() -> Bool {
        count.receives()
        guard isHere else { return false }
        count.sendsAll()
        return true
    }

    /// The first that is kept.
    var firstKept: UInt64 { released &+ 1 }

    /// When some that are kept need not be any more.
    var releaseDue: UInt64? { isHere ? ripening?.due : nil }

    /// Lets go of what need not be kept, or, where room is needed, of all that the client is known to have had.
    mutating func releases(at now: UInt64, needsRoom: Bool) {
        if needsRoom {
            released = max(released, count.confirmed)
            ripening = nil
        } else if let ripe = ripening, now >= ripe.due {
            released = max(released, ripe.number)
            ripening = count.confirmed > released ? (count.confirmed, now &+ Self.lingering) : nil
        }
    }

    /// So many bytes are kept now.
    mutating func keeps(_ bytes: Int) -> OnKept {
        guard bytes >= rules.buffer, !isOver, farewell == nil else { return .goesOn }
        guard isAway, rules.overflow == .drop else { return .stops }
        farewell = .givesUp(ClosePayload(.tryAgainLater, "too much was missed"))
        return .givesUp
    }

    /// A message too large to be kept passes in parts; only while the client is here.
    mutating func streamBegins(from peer: SessionSide) {
        if peer == .client { streams.client = true } else { streams.backend = true }
    }

    /// Its end has passed.
    mutating func streamEnds(from peer: SessionSide) {
        guard peer == .backend else { return streams.client = false }
        streams.backend = false
        count.receives()
        count.sendsAll()
        lastStreamed = count.received
    }

    /// When the client is to be asked what it has taken.
    ///
    /// - Parameter bytes: kept for it. Where they are half of what may be, nothing is waited for.
    func pingDue(keeping bytes: Int) -> UInt64? {
        guard isHere, !streams.backend, let due = count.pingDue else { return nil }
        return bytes >= rules.buffer / 2 ? 0 : due
    }

    mutating func pings(at now: UInt64) -> UInt64 { count.pings(at: now) }

    mutating func ponged(_ number: UInt64, at now: UInt64) -> Bool {
        guard count.ponged(number) else { return false }
        if ripening == nil { ripening = (count.confirmed, now &+ Self.lingering) }
        return true
    }

    // MARK: The client

    /// Its connection broke, ended without a Close, or was given up for its silence.
    mutating func lost(at now: UInt64) -> OnClientLost {
        // Half a message has passed, and nobody could go on with it.
        guard isHere, !streams.client, !streams.backend else { return .ends }
        client = .away(since: now)
        return .waits
    }

    /// A client with the right token has come.
    ///
    /// - Parameter number: of the backend's messages that it has had.
    mutating func returns(having number: UInt64, at now: UInt64) -> OnReturn {
        guard !isOver else { return .gone }
        guard number <= count.sent else { return .neverSent }
        if case .givesUp(let payload) = farewell {
            client = .over
            return .gaveUp(payload)
        }
        let isKept = number >= released && number >= lastStreamed
        guard !streams.client, !streams.backend, isKept, count.wasRead(to: number) else {
            client = .over
            return .missedTooMuch
        }
        released = number
        ripening = nil
        client = .here
        count.sendsAll()
        if case .closes(let payload) = farewell { return .resumes(from: number &+ 1, then: payload) }
        return .resumes(from: number &+ 1, then: nil)
    }

    /// It is not waited for any longer. False where it is.
    mutating func timeIsUp(at now: UInt64) -> Bool {
        guard let deadline, now >= deadline else { return false }
        client = .over
        return true
    }

    // MARK: The end

    /// The backend has closed, or is lost.
    ///
    /// - Parameter payload: what the client is to be told of it.
    mutating func backendEnds(_ payload: ClosePayload) -> OnBackendOver {
        guard isAway else { return .ends }
        if farewell == nil { farewell = .closes(payload) }
        return .waits
    }

    /// The session ends, whoever has decided that.
    mutating func ends() { client = .over }
}
