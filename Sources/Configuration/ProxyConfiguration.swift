package import HTTPProtocol

/// A validated configuration: every default filled in, every name resolved. Durations are nanoseconds, sizes bytes, and
/// 0 is off.
package struct ProxyConfiguration: Equatable, Sendable {
    /// nil = one for each usable processor.
    package var workers: Int?
    /// One or more.
    package var listeners: [ListenerConfiguration] = []
    /// `trusted_proxies`: whose word of their clients is believed.
    package var trustedProxies = TrustedProxies()
    /// `underscore_fields`: what becomes of request fields with an underscore in their names.
    package var underscoreFields = UnderscoreFields.drop
    /// nil = no admin listener.
    package var admin: AdminConfiguration?
    /// `log`.
    package var log = LogConfiguration()
    /// The default of every route.
    package var limits = LimitsConfiguration()
    /// `http2`, of every listener that speaks it.
    package var http2 = HTTP2Configuration()
    /// Of the whole process; no route has its own.
    package var timeouts = TimeoutsConfiguration()
    /// `drain.close_code`, of sessions that a drain of the process closes.
    package var drainCloseCode: UInt16 = 1012
    /// The default of every route.
    package var ambiguousPaths = AmbiguousPaths.judge
    /// The default of every route.
    package var compression = CompressionConfiguration()
    /// For both legs of every session.
    package var keepalive = KeepaliveConfiguration()
    /// In the order of the text: the first that matches wins.
    package var routes: [RouteConfiguration] = []
    /// By their names.
    package var upstreams: [String: UpstreamConfiguration] = [:]

    /// Nothing but defaults.
    package init() {}
}
