internal import Configuration
internal import Telemetry

extension Metric {
    static let feeds = gauge(
        "trunkline_feeds", "Feeds of broadcast upstreams that are open or being opened.",
        labels: ["upstream"])
    static let feedSubscribers = gauge(
        "trunkline_feed_subscribers", "Clients that receive a feed.", labels: ["upstream"])
    static let feedMessages = counter(
        "trunkline_feed_messages_total", "Messages of backends that were handed round.", labels: ["upstream"])
    static let feedDeliveries = counter(
        "trunkline_feed_deliveries_total", "Messages given to clients in full.", labels: ["upstream"])
    static let feedDropped = counter(
        "trunkline_feed_dropped_messages_total",
        "Messages that slow clients were not given, by the policy that left them out.",
        labels: ["upstream", "policy"])
    static let feedSlowClosed = counter(
        "trunkline_feed_slow_clients_closed_total", "Clients closed with 1013 because they fell behind.",
        labels: ["upstream"])
    static let feedLost = counter(
        "trunkline_feed_losses_total", "Upstream connections of feeds that were lost or left.",
        labels: ["upstream"])
    static let feedReopened = counter(
        "trunkline_feed_reopenings_total", "Feeds that were opened again while their clients stayed.",
        labels: ["upstream"])
    static let feedMissed = counter(
        "trunkline_feed_missed_seconds_total",
        "Time for which feeds had clients but no backend, so that messages may have been missed.",
        labels: ["upstream"])
    static let feedLeftOut = counter(
        "trunkline_feed_oversize_messages_total", "Messages of backends over the size limit.",
        labels: ["upstream"])
    static let feedForwarded = counter(
        "trunkline_feed_forwarded_messages_total",
        "Messages of clients for the backend; lost when the feed had no connection.",
        labels: ["upstream", "outcome"])

    static let ofBroadcast = [
        feeds, feedSubscribers, feedMessages, feedDeliveries, feedDropped, feedSlowClosed, feedLost,
        feedReopened, feedMissed, feedLeftOut, feedForwarded,
    ]
}
