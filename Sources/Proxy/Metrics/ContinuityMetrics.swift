internal import Telemetry

extension Metric {
    static let continuityMoves = counter(
        "trunkline_continuity_moves_total", "Sessions that went on with another backend, by why.",
        labels: ["upstream", "reason"])
    static let continuityFailures = counter(
        "trunkline_continuity_failures_total",
        "Sessions that got no other backend in time, by why they needed one.",
        labels: ["upstream", "reason"])
    static let continuityUncertain = counter(
        "trunkline_continuity_uncertain_messages_total",
        "Messages of clients that a lost backend may not have read.", labels: ["upstream"])
    static let continuityResent = counter(
        "trunkline_continuity_resent_messages_total",
        "Those of them that were sent again, with at_least_once.", labels: ["upstream"])
    static let continuityDropped = counter(
        "trunkline_continuity_dropped_messages_total",
        "Messages of clients that still waited for a backend when their session ended.", labels: ["upstream"])
    static let continuityPause = histogram(
        "trunkline_continuity_pause_seconds", "How long sessions that moved were without a backend.",
        .latency,
        labels: ["reason"])

    static let continuityAsleep = gauge(
        "trunkline_continuity_hibernating", "Sessions that have no backend until something is said.",
        labels: ["upstream"])

    static let ofContinuity = [
        continuityMoves, continuityFailures, continuityUncertain, continuityResent, continuityDropped,
        continuityPause, continuityAsleep,
    ]
}
