internal import Telemetry

extension Metric {
    static let resumeLosses = counter(
        "trunkline_resume_losses_total",
        "Connections of clients that were lost, and may be followed by others.",
        labels: ["route"])
    static let resumeReturns = counter(
        "trunkline_resume_returns_total", "Clients that have come back to their session.", labels: ["route"])
    static let resumeFailures = counter(
        "trunkline_resume_failures_total",
        "Sessions that no client came back to, and clients that found no session, by why.",
        labels: ["route", "reason"])
    static let resumeMoves = counter(
        "trunkline_resume_moves_total",
        "Connections that went to the worker, or the older process, that has their session.")
    static let resumeAway = gauge(
        "trunkline_resume_away", "Sessions whose client is away.", labels: ["route"])

    static let ofResume = [resumeLosses, resumeReturns, resumeFailures, resumeMoves, resumeAway]
}
