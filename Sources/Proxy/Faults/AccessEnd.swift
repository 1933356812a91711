/// Why what let a client in no longer holds, and the code that it is closed with.
struct AccessEnd: Equatable, Sendable {
    enum Cause: Equatable, Sendable {
        case expired
        /// The one that was asked again has said no.
        case revoked
        /// Too often, the one that was to be asked again could not be.
        case unanswered
    }

    let cause: Cause
    let code: UInt16

    /// For the Close and the log.
    var reason: String {
        switch cause {
        case .expired: "token expired"
        case .revoked: "access was revoked"
        case .unanswered: "access could not be confirmed"
        }
    }

    /// One word.
    var label: String {
        switch cause {
        case .expired: "token_expired"
        case .revoked: "access_revoked"
        case .unanswered: "access_unconfirmed"
        }
    }
}
