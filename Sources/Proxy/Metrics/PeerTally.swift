/// What one side has carried.
struct PeerTally: Sendable {
    /// WebSocket bytes sent to the peer.
    var bytesSent: UInt64 = 0
    /// WebSocket bytes received from the peer.
    var bytesReceived: UInt64 = 0
    /// Data messages completed by the peer.
    var messagesReceived: UInt64 = 0
    /// Those of them that were text.
    var textReceived: UInt64 = 0
    /// Payload so far of the message that is coming in, and what it is.
    var messageBytes: UInt64 = 0
    var isText = false

    /// What both have carried.
    func adding(_ other: PeerTally?) -> PeerTally {
        guard let other else { return self }
        var sum = self
        sum.bytesReceived &+= other.bytesReceived
        sum.bytesSent &+= other.bytesSent
        sum.messagesReceived &+= other.messagesReceived
        sum.textReceived &+= other.textReceived
        return sum
    }
}

/// What was carried by connections that are gone, or until a certain time: without what is of a message under way.
struct FormerTally {
    private var bytesSent: UInt64 = 0
    private var bytesReceived: UInt64 = 0
    private var messagesReceived: UInt64 = 0
    private var textReceived: UInt64 = 0

    var sum: PeerTally {
        PeerTally(
            bytesSent: bytesSent, bytesReceived: bytesReceived, messagesReceived: messagesReceived,
            textReceived: textReceived)
    }

    init() {}
    init(_ tally: PeerTally) { add(tally) }

    mutating func add(_ tally: PeerTally) {
        bytesSent &+= tally.bytesSent
        bytesReceived &+= tally.bytesReceived
        messagesReceived &+= tally.messagesReceived
        textReceived &+= tally.textReceived
    }
}
