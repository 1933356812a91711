/// `continuity` of an upstream: what becomes of sessions whose backend goes.
package struct ContinuityConfiguration: Equatable, Sendable {
    /// What a session outlives.
    package enum Occasion: String, Equatable, CaseIterable, Sendable {
        /// A connection lost.
        case loss
        /// A drain by order, a reload without the backend, a rebalancing.
        case drain
        /// The backend's own Close with 1001, 1012 or 1013.
        case close
    }

    /// What becomes of messages that a lost backend may not have read.
    package enum Delivery: String, Equatable, Sendable {
        case atMostOnce = "at_most_once"
        case atLeastOnce = "at_least_once"
    }

    /// `on`.
    package var on: [Occasion] = [.loss, .drain, .close]
    /// For how long a client may be without a backend; 0 = for ever.
    package var within = Duration.seconds(15)
    /// Bytes of client messages that wait, or are kept to be sent again; over it the client is not read.
    package var hold = 256 << 10
    /// `delivery`.
    package var delivery = Delivery.atMostOnce
    /// So many of the client's first messages are sent again on each new connection.
    package var replayFirst = 0
    /// And so many of its first answers are not passed on.
    package var skipFirst = 0
    /// After so long without a message the backend's side is closed until the next one; 0 = never.
    package var hibernateAfter = Duration.zero
    /// The close code that the backend gets then.
    package var hibernateCloseCode: UInt16 = 1001
    /// Bytes; larger messages stream, and while one does its session can't move.
    package var maxMessage = 1 << 20

    /// All by default.
    package init() {}

    static let table = Table(
        "Lets sessions outlive their backend: another takes over, and the client notices nothing. Absent = they end with it.",
        start: Self()
    ) {
        Key.list(
            "on", \.on, .choice(("loss", .loss), ("drain", .drain), ("close", .close)),
            "When another backend takes over: after a lost connection; on a drain by order, reload or rebalancing; on the backend's own Close with 1001, 1012 or 1013.",
            example: "drain", empty: { "'on' in \($0) needs loss, drain or close, one or more" }
        )
        Key.value(
            "within", \.within, .duration,
            "How long a client may be without a backend, then 1012, or 1011 after a loss; 0 = for ever."
        )
        Key.value(
            "hold", \.hold, .size(1...Int.max),
            "Client messages that wait meanwhile, or are kept to be sent again; over it the client is not read."
        )
        Key.value(
            "delivery", \.delivery,
            .choice(("at_most_once", .atMostOnce), ("at_least_once", .atLeastOnce)),
            "Whether messages that a lost backend may not have read are sent again: `at_least_once` sends them again."
        )
        Key.value(
            "replay_first", \.replayFirst, .integer(0...1000),
            "How many first messages of the client each new backend gets again, such as a login or a subscription."
        )
        Key.value(
            "skip_first", \.skipFirst, .integer(0...1000),
            "How many first messages of a new backend are not passed on."
        )
        Key.value(
            "hibernate_after", \.hibernateAfter, .duration,
            "After so long without a message, the backend's side is closed until the next one; 0 = never."
        )
        Key.value(
            "hibernate_close_code", \.hibernateCloseCode, .closeCode,
            "The close code that the backend gets then."
        )
        Key.value(
            "max_message", \.maxMessage, .size(1...Int.max),
            "Larger messages stream. A session can't move while one does.")
    }
}
