internal import Telemetry

extension Metric {
    static let sessions = gauge(
        "trunkline_sessions_open", "WebSocket sessions that are open now.", labels: ["route", "backend"])
    static let sessionsBegun = counter(
        "trunkline_sessions_total", "WebSocket sessions that have begun.", labels: ["route", "backend"])
    static let sessionsEnded = counter(
        "trunkline_session_closes_total",
        "Sessions that have ended, by who closed first, with which code and why; 3xxx and 4xxx stand for all codes of that kind, 1005 for a Close without a code, 1006 for an end without a Close.",
        labels: ["route", "closed_by", "code", "cause"])
    static let sessionDuration = histogram(
        "trunkline_session_duration_seconds", "How long sessions that have ended were open.", .life)
    static let messages = counter(
        "trunkline_messages_total", "Data messages that a peer has sent in full.",
        labels: ["route", "backend", "direction", "opcode"])
    static let messagesDelivered = counter(
        "trunkline_messages_delivered_total",
        "Data messages for clients: of a session those of its backend, of a feed one for each client that was given it.",
        labels: ["route", "backend"])
    static let bytes = counter(
        "trunkline_websocket_bytes_total",
        "Bytes of WebSocket frames, headers included, on each leg and in each direction.",
        labels: ["route", "backend", "direction"])
    static let messageSize = histogram(
        "trunkline_message_size_bytes",
        "Payload of data messages; of compressed ones that we inflate, the size after that.", .size,
        labels: ["direction"])
    static let compressionPlainBytes = counter(
        "trunkline_compression_plain_bytes_total",
        "Payload that was deflated, before, or that was inflated, after.", labels: ["direction"])
    static let compressionCompressedBytes = counter(
        "trunkline_compression_compressed_bytes_total",
        "Payload that was deflated, after, or that was inflated, before.", labels: ["direction"])
    static let compressionMemory = gauge(
        "trunkline_compression_memory_bytes", "Memory held by compression contexts.")
    static let compressionBudget = gauge(
        "trunkline_compression_memory_budget_bytes",
        "The most that compression contexts may hold; 0 = no limit.")
    static let bufferedBytes = gauge(
        "trunkline_buffered_bytes", "Bytes that wait for a peer of a session to take them.", labels: ["peer"])
    static let readsPaused = counter(
        "trunkline_backpressure_pauses_total",
        "How often reading from a peer was paused because the other side of its session was full.",
        labels: ["peer"])
    static let slowConsumers = counter(
        "trunkline_slow_consumers_total", "Peers that were given up because they took no bytes for too long.",
        labels: ["peer"])
    static let limitsHit = counter(
        "trunkline_limits_hit_total", "How often a limit of the configuration was hit, by its key.",
        labels: ["limit"])

    static let ofSessions = [
        sessions, sessionsBegun, sessionsEnded, sessionDuration, messages, messagesDelivered, bytes,
        messageSize,
        compressionPlainBytes, compressionCompressedBytes, compressionMemory, compressionBudget,
        bufferedBytes, readsPaused, slowConsumers, limitsHit,
    ]
}
