internal import HTTP2Protocol

/// Why a client's HTTP/2 connection, or one stream of it, was ended by us.
enum HTTP2Cut: Equatable {
    case error(HTTP2Error)
    /// No settings came in time.
    case silence
    /// A request's head began and did not end in time.
    case slowHead
    /// Nothing that we send is read.
    case unread
    /// An answer was not taken.
    case stall(stream: Int32)
}

extension HTTP2Cut {
    /// For counters.
    var label: String {
        switch self {
        case .error(.abuse(let abuse)): "\(abuse)"
        case .error(.noPreface): "noPreface"
        case .error(.library): "protocol"
        case .silence: "silence"
        case .slowHead: "slowHead"
        case .unread: "unread"
        case .stall: "stall"
        }
    }

    var cause: String {
        switch self {
        case .error(let error): error.description
        case .silence: "preface and settings did not arrive in time"
        case .slowHead: "request head did not arrive in time"
        case .unread: "nothing is read"
        case .stall: "answer is not taken"
        }
    }
}
