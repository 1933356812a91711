internal import Telemetry

/// What the sessions of one route on one backend add up to, on one worker.
///
/// Sessions count in their sides; what is new there comes here when a session ends and when somebody asks.
final class SessionMeter {
    struct Key: Hashable {
        let route: String
        let backend: String
    }

    let key: Key
    private var live: UInt64 = 0
    private var begun: UInt64 = 0
    /// Those who may still count here.
    private var users = 0
    private var delivered: UInt64 = 0
    private var client = PeerTally()
    private var backend = PeerTally()

    init(_ key: Key) { self.key = key }

    func begin() {
        live &+= 1
        begun &+= 1
    }

    /// A session that has begun elsewhere goes on here.
    func moveIn() { live &+= 1 }

    /// A side's owner will count here, until it has let go.
    func hold() { users += 1 }
    func release() { users -= 1 }

    /// Nothing will be counted here that has begun already.
    var isIdle: Bool { live == 0 && users == 0 }

    /// Takes over what another one has counted.
    func add(_ other: SessionMeter) {
        begun &+= other.begun
        delivered &+= other.delivered
        client.add(other.client, since: PeerTally())
        backend.add(other.backend, since: PeerTally())
    }

    func end() { live = live > 0 ? live - 1 : 0 }

    /// Takes over what a side has counted.
    ///
    /// - Parameters:
    ///   - then: what it had counted when it was asked the last time.
    ///   - feeds: it is a feed's: what comes on it is counted as delivered with each client that gets it.
    func add(_ side: SessionSide, _ now: PeerTally, since then: PeerTally, feeds: Bool) {
        if side == .client {
            client.add(now, since: then)
        } else {
            backend.add(now, since: then)
            if !feeds { delivered &+= now.messagesReceived &- then.messagesReceived }
        }
    }

    /// A feed's client was given so many messages.
    func delivered(_ count: UInt64) { delivered &+= count }

    func write(to values: inout MetricSet) {
        let labels = [key.route, key.backend]
        values.add(.sessions, labels, number: Double(live))
        values.add(.sessionsBegun, labels, by: begun)
        for (direction, tally) in [("from_client", client), ("from_backend", backend)] {
            let text = min(tally.textReceived, tally.messagesReceived)
            values.add(.messages, labels + [direction, "text"], by: text)
            values.add(.messages, labels + [direction, "binary"], by: tally.messagesReceived - text)
        }
        values.add(.messagesDelivered, labels, by: delivered)
        values.add(.bytes, labels + ["from_client"], by: client.bytesReceived)
        values.add(.bytes, labels + ["to_client"], by: client.bytesSent)
        values.add(.bytes, labels + ["from_backend"], by: backend.bytesReceived)
        values.add(.bytes, labels + ["to_backend"], by: backend.bytesSent)
    }
}

extension PeerTally {
    fileprivate mutating func add(_ now: PeerTally, since then: PeerTally) {
        bytesReceived &+= now.bytesReceived &- then.bytesReceived
        bytesSent &+= now.bytesSent &- then.bytesSent
        messagesReceived &+= now.messagesReceived &- then.messagesReceived
        textReceived &+= now.textReceived &- then.textReceived
    }
}
