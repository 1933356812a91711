/// Which of a client's messages have gone to a backend, and which of those it has read, as far as WebSocket lets one
/// know. They are numbered from 1 in the order in which they came. Pure; nanoseconds.
///
/// A backend that answers a Ping has read what came before it (RFC 6455, 5.5.2 and 5.5.3), and so has one that answers a
/// Close, or that ends its connection in order behind ours.
struct DeliveryCount: Equatable {
    /// All that have come in full.
    private(set) var received: UInt64 = 0
    /// Those that have gone to a backend, and need not go again.
    private(set) var sent: UInt64 = 0
    /// Those that are known to be read.
    private(set) var confirmed: UInt64 = 0
    /// Up to where the Ping that is under way asks; nil when none is.
    @Sparse private var asked: UInt64?
    @Sparse private var askedAt: UInt64?
    /// No two Pings follow each other more quickly.
    private let pingInterval: UInt32
    /// What is not known to be read is sent again.
    let resends: Bool

    /// - Parameter pingInterval: below 4 s.
    init(resends: Bool, pingInterval: UInt64) {
        self.resends = resends
        self.pingInterval = UInt32(clamping: pingInterval)
    }

    /// How many wait for a backend.
    var waiting: UInt64 { received - sent }
    /// How many are with a backend that may not have read them.
    var uncertain: UInt64 { sent - confirmed }
    /// The first that may be sent yet, or again.
    var firstKept: UInt64 { (resends ? confirmed : sent) &+ 1 }

    /// A message has come from the client.
    mutating func receives() { received &+= 1 }

    /// All that have come have gone to the backend.
    mutating func sendsAll() { sent = received }

    // MARK: Pings

    /// When the backend is to be asked what it has read; nil where nothing is to be asked, or it is asked already.
    var pingDue: UInt64? {
        guard uncertain > 0, asked == nil else { return nil }
        return askedAt.map { $0 &+ UInt64(pingInterval) } ?? 0
    }

    /// The backend is asked now. What the Ping carries.
    mutating func pings(at now: UInt64) -> UInt64 {
        asked = sent
        askedAt = now
        return sent
    }

    /// A Pong carries this. False when it answers no Ping that is under way.
    mutating func ponged(_ number: UInt64) -> Bool {
        guard let asked, asked == number else { return false }
        self.asked = nil
        confirmed = max(confirmed, min(asked, sent))
        return true
    }

    // MARK: Connections

    /// The one that got the messages says itself how many it has had. False where that can't be.
    mutating func wasRead(to number: UInt64) -> Bool {
        guard number <= sent else { return false }
        asked = nil
        askedAt = nil
        confirmed = number
        return true
    }

    /// A connection is over.
    ///
    /// - Parameter isRead: it is known that the backend has read all.
    /// - Returns: how many messages it may not have read.
    mutating func connectionEnds(isRead: Bool) -> UInt64 {
        asked = nil
        askedAt = nil
        let lost = isRead ? 0 : uncertain
        if lost > 0, resends { sent = confirmed } else { confirmed = sent }
        return lost
    }
}
