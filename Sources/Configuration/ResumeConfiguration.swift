/// `resume` of a route: clients whose connection is lost come back to their session.
package struct ResumeConfiguration: Equatable, Sendable {
    /// What becomes of a session for which more waits than there is room for.
    package enum Overflow: String, Equatable, Sendable {
        /// Its backend is not read.
        case hold
        /// It is given up, with 1013 when its client returns.
        case drop
    }

    /// How long a session waits for its client; 0 = for ever.
    package var within = Duration.seconds(60)
    /// Bytes of the backend's messages that the client has not taken, each session.
    package var buffer = 256 << 10
    /// `overflow`.
    package var overflow = Overflow.hold
    /// The backend is told that its client is away, and that it is back.
    package var tellsBackend = false
    /// The text message that says that the client is away.
    package var away = #"{"trunkline":"client away"}"#
    /// The one that says that it is back.
    package var back = #"{"trunkline":"client back"}"#

    /// All by default.
    package init() {}

    static let table = Table(
        "Lets clients that speak resume.trunkline.v1 come back to their session after a lost connection. Absent = the session ends with the connection.",
        start: Self()
    ) {
        Key.value(
            "within", \.within, .duration,
            "How long the session waits for its client; the backend stays connected; 0 = for ever."
        )
        Key.value(
            "buffer", \.buffer, .size(1...Int.max),
            "Per session: messages that the client has not taken yet. All of them count in `limits.memory`."
        )
        Key.value(
            "overflow", \.overflow, .choice(("hold", .hold), ("drop", .drop)),
            "Over it, while the client is away: `hold` = the backend is not read; `drop` = the session ends, and the client gets 1013 when it is back."
        )
        Key.value(
            "tell_backend", \.tellsBackend, .flag,
            "The backend gets a text message when the client goes, and one when it is back."
        )
        Key.value("away_message", \.away, .text, "The message when it goes.")
        Key.value("back_message", \.back, .text, "The message when it is back.")
    }
}
