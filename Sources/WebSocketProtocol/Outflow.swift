/// How far what was sent to a peer has got, as its transport tells when it is asked.
///
/// Two scales: what this peer's bytes are, and where they stand on their connection, which others may share. On a
/// connection of its own both are one.
package struct Outflow: Equatable, Sendable {
    /// Bytes that have not left the machine; of a stream, those that are not on the connection yet.
    package var held: Int
    /// Bytes that have, in all.
    package var left: UInt64
    /// Where what was given to the connection by now ends on it.
    package var end: Int64
    /// Up to where the other end's kernel has acknowledged. Of a Unix socket it is an estimate, whose growth is right as
    /// long as nothing is sent.
    package var acknowledged: Int64
    /// What the connection has not sent: in our own memory, and in the kernel as there is no room for it.
    package var unsent: Int

    /// Takes what is known; `end` and `acknowledged` count alike from wherever the connection does.
    package init(
        held: Int = 0, left: UInt64 = 0, end: Int64 = 0, acknowledged: Int64 = 0, unsent: Int = 0
    ) {
        self.held = held
        self.left = left
        self.end = end
        self.acknowledged = acknowledged
        self.unsent = unsent
    }

    /// Whether the other end owes an acknowledgement.
    var isInFlight: Bool { acknowledged < end &- Int64(unsent) }
}

/// What one peer takes of what was sent to it, from look to look. Pure.
///
/// What the kernel at the other end acknowledges counts, but for our own asking: a Ping that arrives where nothing else
/// was on its way proves nothing of whoever is to answer it.
struct Taking: Equatable, Sendable {
    /// A Ping, as TLS and HTTP/2 wrap it.
    private static let asking: UInt64 = 128
    /// Where bytes wait, fewer than these do not mean that those of others behind which they go are the peer's to take: one
    /// that opens its window byte by byte would live by what others take.
    static let least: UInt64 = 1024

    private(set) var last = Outflow()
    /// Where this peer's own bytes end on the connection, as far as is known.
    private var ownEnd: Int64 = 0
    /// Of its own bytes, those that went behind that while others waited.
    private var beyond: UInt64 = 0

    /// Whether anything but a Ping was on its way at the last look.
    var isUnderWay: Bool { last.held > 0 || last.acknowledged < ownEnd }

    /// How many bytes the peer has taken since the last look.
    mutating func look(_ now: Outflow) -> UInt64 {
        let sent = now.left &- min(last.left, now.left)
        let hasSent = sent > Self.asking
        var taken: UInt64 = 0
        // Room was made for what had waited: by the peer's window, or by what its kernel has taken.
        if last.held > 0 { taken &+= sent }
        if hasSent && last.held <= 0 || last.acknowledged < ownEnd, now.acknowledged > last.acknowledged {
            taken &+= UInt64(
                clamping: now.acknowledged.subtractingReportingOverflow(last.acknowledged).partialValue)
        }
        if hasOwn(sent, now) { ownEnd = now.end }
        last = now
        return taken
    }

    /// Whether enough of the peer's own has been sent to wait for what goes before it.
    private mutating func hasOwn(_ sent: UInt64, _ now: Outflow) -> Bool {
        guard last.held > 0 else { return sent > Self.asking }
        let (sum, isBeyond) = beyond.addingReportingOverflow(sent)
        beyond = isBeyond ? .max : sum
        guard sent > 0, beyond >= Self.least || now.held <= 0 else { return false }
        beyond = 0
        return true
    }
}
