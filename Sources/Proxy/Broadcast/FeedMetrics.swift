internal import Configuration
internal import Telemetry

extension FeedTally {
    func write(to values: inout MetricSet, upstream name: String) {
        values.add(.feeds, [name], number: Double(feeds))
        values.add(.feedSubscribers, [name], number: Double(subscribers))
        values.add(.feedMessages, [name], by: messages)
        values.add(.feedDeliveries, [name], by: deliveries)
        values.add(
            .feedDropped, [name, BroadcastConfiguration.SlowClient.dropOldest.rawValue], by: droppedOldest)
        values.add(
            .feedDropped, [name, BroadcastConfiguration.SlowClient.latest.rawValue], by: droppedForLatest)
        values.add(.feedSlowClosed, [name], by: slowClosed)
        values.add(.feedLost, [name], by: lost)
        values.add(.feedReopened, [name], by: reopened)
        values.add(.feedMissed, [name], number: Double(missed) / 1_000_000_000)
        values.add(.feedLeftOut, [name], by: leftOut)
        values.add(.feedForwarded, [name, "forwarded"], by: forwarded)
        values.add(.feedForwarded, [name, "lost"], by: notForwarded)
    }
}
