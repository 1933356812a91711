internal import Routing
internal import YAML

// Of a route beside the rest of the configuration.
extension RouteConfiguration {
    /// What is to be said of it with what was read before: listeners, upstreams and the routes before it.
    static func check(_ route: Self, _ section: Section, _ whole: ProxyConfiguration) {
        let namePlace = section.node("name")?.place ?? section.place
        if whole.routes.contains(where: { $0.name == route.name }) {
            section.complain(namePlace, "two routes are named '\(route.name)'")
        }
        if let hider = RouteShadow.first(hiding: route, among: whole.routes) {
            section.warn(
                namePlace,
                "route '\(route.name)' is never reached: route '\(hider.name)' comes before it and takes all that it is for"
            )
        }
        route.match.check(section, listeners: whole.listeners.compactMap(\.name))
        warnOfIdleRewrite(route, section)
        checkAccess(route, section, whole)
        guard case .upstream(let name) = route.action else { return }
        guard let upstream = whole.upstreams[name] else {
            return checkUpstream(name, section, whole)
        }
        warnOfOutliving(route, upstream, named: name, section)
        // A compressed stream of the backend's refers to what came before, which a client that joins has not seen.
        if upstream.mode == .broadcast, route.compression.mode == .passthrough {
            section.warn(
                section.place,
                "compression 'passthrough' of \(section.title) is off: upstream '\(name)' is of mode broadcast"
            )
        }
    }

    /// A prefix that no path of the route begins with.
    private static func warnOfIdleRewrite(_ route: Self, _ section: Section) {
        guard let path = route.match.path, let rewrite = route.rewrite, !rewrite.changes(somethingAt: path),
            // Requests' paths are compared in their canonical form, which these may not be in.
            !path.contains("%"), !path.contains("/.")
        else { return }
        section.warn(
            section.keyPlace("rewrite") ?? section.place,
            "'rewrite' of \(section.title) has no effect: no path that it is for has that prefix")
    }

    /// What is passed through compressed can't be kept as messages.
    private static func warnOfOutliving(
        _ route: Self, _ upstream: UpstreamConfiguration, named name: String, _ section: Section
    ) {
        let isPassedThrough = route.compression.mode == .passthrough
        if route.resume != nil, isPassedThrough || upstream.mode == .broadcast {
            let why =
                isPassedThrough
                ? "its compression is 'passthrough'" : "upstream '\(name)' is of mode broadcast"
            section.warn(
                section.keyPlace("resume") ?? section.place,
                "'resume' of \(section.title) is off: \(why)")
        }
        if upstream.continuity != nil, isPassedThrough, upstream.mode != .broadcast {
            section.warn(
                section.place,
                "'continuity' of upstream '\(name)' is off for \(section.title): its compression is 'passthrough'"
            )
        }
    }

    static func checkUpstream(
        _ name: String, _ section: Section, _ whole: ProxyConfiguration, at node: Node? = nil
    ) {
        let near = Spelling.nearest(to: name, in: whole.upstreams.keys.sorted()).map {
            ", did you mean '\($0)'?"
        }
        section.complain(
            (node ?? section.node("upstream"))?.place ?? section.place,
            "upstream '\(name)' is not defined\(near ?? "")"
        )
    }
}
