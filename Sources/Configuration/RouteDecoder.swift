internal import Yams

/// Reads `routes`.
enum RouteDecoder {
    static func decode(
        _ top: Section, upstreams: Section, over defaults: ProxyConfiguration
    ) -> [RouteConfiguration] {
        let nodes = top.list("routes")
        if top.lacks("routes") {
            top.complaints.add(top.place, "no 'routes': every request would be answered 404")
        }
        var names: [String] = []
        var used: Set<String> = []
        var before: [RouteConfiguration] = []
        let routes = nodes.enumerated().compactMap { index, node -> RouteConfiguration? in
            let section = Section(node, title: "route \(index + 1)", place: node.place, top.complaints)
            guard let name = section.required("name") else { return nil }
            if names.contains(name.value) {
                section.complaints.add(name.place, "two routes are named '\(name.value)'")
            }
            names.append(name.value)
            section.title = "route '\(name.value)'"
            let route = decode(section, name: name.value, over: defaults)
            if case .upstream(let upstream)? = route?.action { used.insert(upstream) }
            if let route {
                if let hider = RouteShadow.first(hiding: route, among: before) {
                    section.complaints.warn(
                        name.place,
                        "route '\(name.value)' is never reached: route '\(hider.name)' comes before it and takes all that it is for"
                    )
                }
                before.append(route)
            }
            return route
        }
        for (name, place, _) in upstreams.entries where !used.contains(name) {
            top.complaints.warn(place, "upstream '\(name)' is used by no route")
        }
        return routes
    }

    private static func decode(
        _ section: Section, name: String, over defaults: ProxyConfiguration
    ) -> RouteConfiguration? {
        let match = section.section("match")
        let host = match.text("host")
        let path = match.text("path")
        var upgrade = RouteConfiguration.Upgrade.any
        match.value("upgrade", into: &upgrade, expected: "websocket, none or any") { .init(rawValue: $0) }
        if let host { RouteSyntax.checkHost(host, section.complaints) }
        if let path { RouteSyntax.checkPath(path, "path", section.complaints) }
        let conditions = RouteConditions(match, listeners: defaults.listeners.compactMap(\.name))
        match.finish()
        let rewrite = decodeRewrite(section.section("rewrite"))
        let origins = decodeOrigins(section)
        let compression = PolicyDecoder.compression(
            section.section("compression"), over: defaults.compression)
        let limits = PolicyDecoder.limits(section.section("limits"), over: defaults.limits)
        let ambiguous = PathsDecoder.decode(section, over: defaults.ambiguousPaths)
        let action = decodeAction(section, defaults.upstreams)
        section.finish()
        return action.map {
            var route = RouteConfiguration(
                name: name, host: host?.value, path: path?.value, rewrite: rewrite, origins: origins,
                action: $0,
                compression: compression, limits: limits)
            route.upgrade = upgrade
            route.ambiguousPaths = ambiguous
            conditions.apply(to: &route)
            BroadcastDecoder.check(route, section, defaults.upstreams)
            return route
        }
    }

    /// nil = any.
    private static func decodeOrigins(_ section: Section) -> [String]? {
        guard section.node("origins") != nil else { return nil }
        let origins = section.list("origins").compactMap { section.text($0, "origins") }
        for origin in origins { RouteSyntax.checkOrigin(origin, section.complaints) }
        return origins.map(\.value)
    }

    private static func decodeRewrite(_ section: Section) -> RouteConfiguration.Rewrite? {
        let strip = section.text("strip_prefix")
        let pair = section.list("replace_prefix").compactMap { section.text($0, "replace_prefix") }
        section.finish()
        for text in [strip].compactMap(\.self) + pair {
            RouteSyntax.checkPath(text, "prefix", section.complaints)
        }
        if let strip {
            if !pair.isEmpty {
                section.complaints.add(section.place, "give 'strip_prefix' or 'replace_prefix', not both")
            }
            return .strip(strip.value)
        }
        guard let node = section.node("replace_prefix"), let list = node.sequence else { return nil }
        guard pair.count == 2 else {
            guard list.count != 2 else { return nil }
            section.complaints.add(section.place, "'replace_prefix' needs two paths: [/old, /new]")
            return nil
        }
        return .replace(pair[0].value, with: pair[1].value)
    }

    private static func decodeAction(
        _ section: Section, _ upstreams: [String: UpstreamConfiguration]
    ) -> RouteConfiguration.Action? {
        let upstream = section.text("upstream")
        let hasResponse = section.hasKey("respond")
        let response = section.section("respond", title: "'respond' of \(section.title)")
        switch (upstream, hasResponse) {
        case (nil, false):
            section.complaints.add(section.place, "\(section.title) needs 'upstream' or 'respond'")
            return nil
        case (_?, true):
            section.complaints.add(section.place, "\(section.title) has both 'upstream' and 'respond'")
            return nil
        case (let name?, false):
            if upstreams[name.value] == nil {
                let near =
                    Spelling.nearest(to: name.value, in: Array(upstreams.keys)).map {
                        ", did you mean '\($0)'?"
                    } ?? ""
                section.complaints.add(name.place, "upstream '\(name.value)' is not defined\(near)")
            }
            return .upstream(name.value)
        case (nil, true):
            var status = 200
            response.integer("status", into: &status, 200...599)
            let body = response.text("body")
            if let body, !body.value.isEmpty, [204, 205, 304].contains(status) {
                response.complaints.add(body.place, "a response of status \(status) has no 'body'")
            }
            let type = response.text("content_type")?.value ?? "text/plain; charset=utf-8"
            response.finish()
            return .respond(status: status, body: body?.value ?? "", contentType: type)
        }
    }
}
