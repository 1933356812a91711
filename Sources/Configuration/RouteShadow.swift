internal import Routing

/// Notes routes that no request reaches, since an earlier one takes all that they are for. Only what is certain is said:
/// patterns, header fields and subprotocols of an earlier route may let something through.
enum RouteShadow {
    /// The earlier route that hides a later one.
    static func first(hiding later: RouteConfiguration, among earlier: [RouteConfiguration])
        -> RouteConfiguration?
    {
        earlier.first { covers($0, later) }
    }

    private static func covers(_ earlier: RouteConfiguration, _ later: RouteConfiguration) -> Bool {
        let (earlier, later) = (earlier.match, later.match)
        return earlier.pathPattern == nil && earlier.fields.isEmpty && earlier.subprotocols.isEmpty
            && (earlier.upgrade == .any || earlier.upgrade == later.upgrade)
            && (earlier.listener == nil || earlier.listener == later.listener)
            && coversHost(earlier.host?.lowercased(), later.host?.lowercased())
            && coversPath(earlier.path, later.path)
    }

    private static func coversHost(_ earlier: String?, _ later: String?) -> Bool {
        guard let earlier else { return true }
        guard let later else { return false }
        return earlier == later || earlier.hasPrefix("*.") && later.hasSuffix(earlier.dropFirst())
    }

    private static func coversPath(_ earlier: String?, _ later: String?) -> Bool {
        guard let earlier, earlier != "/" else { return true }
        guard let later else { return false }
        return earlier == later || earlier.hasSuffix("/") && later.hasPrefix(earlier)
    }
}
