/// Whether a backend is spoken to over HTTP/2 or HTTP/1.1, from what it has shown so far. Pure.
///
/// One that refuses HTTP/2 as such gets HTTP/1.1 until it is asked again. One that speaks HTTP/2 and doesn't take
/// sessions over it, as its settings don't enable extended CONNECT (RFC 8441, 3) or as it has answered one with
/// HTTP_1_1_REQUIRED (RFC 9113, 7), gets HTTP/1.1 for sessions only.
struct BackendProtocol {
    /// How a request is carried.
    enum OnRequest: Equatable {
        case http2
        case http1
        /// And it is time to ask whether that still holds.
        case http1AndAsk
    }

    private enum Known { case nothing, http2, http1(until: UInt64) }

    private var known = Known.nothing
    private var enablesConnect = false
    /// Sessions get HTTP/1.1 until then, whatever the settings say.
    private var refusesSessions: UInt64 = 0

    init() {}

    func carries(isUpgrade: Bool, at now: UInt64) -> OnRequest {
        switch known {
        case .nothing: .http2
        case .http1(let until): now >= until ? .http1AndAsk : .http1
        case .http2: isUpgrade && (!enablesConnect || now < refusesSessions) ? .http1 : .http2
        }
    }

    /// No connections are to be opened, but to ask again.
    var isHTTP1: Bool { if case .http1 = known { true } else { false } }

    /// The backend's settings came.
    mutating func speaks(enablesConnect: Bool) {
        known = .http2
        self.enablesConnect = enablesConnect
    }

    /// It doesn't speak HTTP/2, or doesn't want to.
    mutating func refuses(until: UInt64) { known = .http1(until: until) }

    /// It wants sessions over HTTP/1.1.
    mutating func refusesSessions(until: UInt64) { refusesSessions = max(refusesSessions, until) }
}
