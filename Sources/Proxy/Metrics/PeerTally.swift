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
