internal import HTTPProtocol

/// What people write who come from other proxies, and how it is spelled here. Each is a hint behind a complaint.
enum Habits {
    /// For keys that are none here, the words of nginx, HAProxy, Caddy, Traefik and Envoy; nil for an unknown word.
    static func key(_ name: String) -> String? { keys[name.lowercased()] }

    private static let keys: [String: String] = {
        var keys: [String: String] = [:]
        for (words, hint) in vocabulary {
            for word in words { keys[word] = hint }
        }
        return keys
    }()

    private static let vocabulary: [([String], String)] = [
        (
            ["location", "locations", "handle", "rule", "rules", "use_backend"],
            "a place is a route: 'routes: [{ name: app, match: { path: /app/ }, upstream: app }]'"
        ),
        (
            ["proxy_pass", "reverse_proxy", "default_backend", "service", "cluster", "pass"],
            "a route names one of 'upstreams' by 'upstream: NAME'"
        ),
        (["path", "path_prefix", "host", "path_regex"], "conditions of a route stand in 'match: { … }'"),
        (["prefix"], "a 'path' that ends in '/' takes all below it"),
        (
            ["server_names", "domain", "domains", "hosts", "vhost"],
            "a host is matched by 'match: { host: NAME }'"
        ),
        (
            ["listen", "listener", "bind", "port", "frontend", "frontends", "entrypoints"],
            "where to listen is said by 'listeners: [{ address: \"0.0.0.0:8443\" }]'"
        ),
        (
            ["ssl", "https", "ssl_certificate", "ssl_certificate_key", "cert", "certificate", "crt"],
            "TLS of a listener is 'tls: { certificates: [{ certificate: cert.pem, key: key.pem }] }'"
        ),
        (
            ["backend", "server", "servers", "endpoints", "nodes", "targets"],
            "an upstream has 'backends: [{ address: \"127.0.0.1:9001\" }]', and a route names it by 'upstream: NAME'"
        ),
        (
            ["url", "uri", "target", "to", "destination", "upstream_address"],
            "where a backend is is its 'address'"
        ),
        (
            ["timeout", "proxy_read_timeout", "proxy_send_timeout", "proxy_connect_timeout", "read_timeout"],
            "times stand in 'timeouts': of the process at the top, 'connect' and 'response' in an upstream"
        ),
        (
            ["ip_hash", "sticky", "stick", "cookie", "hash", "source"],
            "the same backend for the same client is 'balance: hash' with 'hash_key'"
        ),
        (
            ["least_conn", "leastconn", "lb_policy", "lb", "strategy", "algorithm", "load_balancing"],
            "the choice of a backend is 'balance'"
        ),
        (
            ["check", "healthcheck", "health_check", "health_checks", "health_uri"],
            "checks are 'health: { … }'"
        ),
        (
            ["max_conns", "maxconn", "max_connections"],
            "a backend has 'max_sessions', a route 'limits: { connections: … }'"
        ),
        (["client_max_body_size", "max_body_size"], "the limit on bodies is 'limits: { request_body: … }'"),
        (["worker_processes", "nbthread", "threads"], "the number of event loops is 'workers'"),
        (["allowed_origins", "allow_origins", "cors"], "the pages that may connect are 'origins'"),
        (["access_log", "error_log", "logging"], "logs are 'log: { access: stdout, level: info }'"),
        (["permessage_deflate", "deflate", "gzip"], "compression is 'compression: { mode: edge }'"),
        (["websocket", "websockets", "proxy_http_version"], "upgrades are passed on by themselves"),
        (
            ["return", "redirect", "status"],
            "an answer of the proxy's own is 'respond: { status: 404, body: \"…\" }'"
        ),
        (
            ["strip_prefix", "stripprefix", "replace_prefix", "uri_strip_prefix"],
            "it stands in 'rewrite: { … }'"
        ),
    ]

    // MARK: Values

    /// For a line that is no YAML: in `{ … }` a brace ends a value that has no quotes.
    static func brokenYAML(_ text: String, line: Int) -> String? {
        let lines = text.split(separator: "\n", maxSplits: line, omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1), lines[line - 1].contains("${") else { return nil }
        return ", and within { } a value with ${…} stands in quotes"
    }

    /// For a backend's address that is none.
    static func backend(_ text: String) -> String? {
        if text.hasPrefix("/") { return meant("unix:\(text)") }
        if text.hasPrefix("unix:") { return ", and a socket's path begins with '/'" }
        let (scheme, rest) = withoutScheme(text.hasPrefix("dns:") ? String(text.dropFirst(4)) : text)
        let authority = rest.prefix { $0 != "/" }
        if authority.hasSuffix(":0") { return ", and nothing listens on port 0" }
        let isSecure = ["https", "wss"].contains(scheme)
        let note = isSecure ? ", with 'tls: {}' in the upstream" : ""
        if AddressText.port(authority) != nil { return meant("127.0.0.1:\(authority)") }
        guard let address = address(authority, port: scheme.map { _ in isSecure ? 443 : 80 }) else {
            return nil
        }
        return meant(address, note)
    }

    /// The spelling of a host with a port, or with this one.
    private static func address(_ authority: Substring, port: Int?) -> String? {
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            let host = authority[..<colon]
            let port = authority[authority.index(after: colon)...]
            guard AddressText.port(port) != nil else { return nil }
            if ["", "*", "0.0.0.0"].contains(host) { return "127.0.0.1:\(port)" }
            if AddressText.ipv4(host) != nil || host.hasPrefix("[") { return String(authority) }
            if AddressText.ipv6(host) != nil { return "[\(host)]:\(port)" }
            return AddressSyntax.isHostName(host) ? "dns:\(host):\(port)" : nil
        }
        guard AddressSyntax.isHostName(authority) else { return nil }
        let isName = AddressText.ipv4(authority) == nil
        return (isName ? "dns:" : "") + "\(authority):\(port.map(String.init) ?? "PORT")"
    }

    /// For an address to listen on that is none.
    static func listener(_ text: String) -> String? {
        let (scheme, rest) = withoutScheme(text)
        let authority = rest.prefix { $0 != "/" }
        if scheme == nil, text.hasPrefix("/") { return meant("unix:\(text)") }
        let host = authority.lastIndex(of: ":").map { authority[..<$0] } ?? ""
        let port = authority.split(separator: ":").last ?? ""
        guard AddressText.port(port) != nil, !host.hasPrefix("[") else { return nil }
        if AddressText.ipv6(host) != nil { return meant("[\(host)]:\(port)") }
        return meant(host == "localhost" ? "127.0.0.1:\(port)" : "0.0.0.0:\(port)")
    }

    /// For a path that is none, or that is a pattern.
    static func path(_ text: String) -> String? {
        if text.hasSuffix("/*") || text.hasSuffix("/**") || text.hasSuffix("/.*") {
            let below = text.prefix(upTo: text.lastIndex(of: "/") ?? text.startIndex)
            if !below.contains("*"), below.isEmpty || below.hasPrefix("/") {
                return meant("\(below)/", ": a path that ends in '/' takes all below it")
            }
        }
        if ["^", "~"].contains(text.prefix(1)) || text.contains("*") || text.hasSuffix("$") {
            return ", patterns are for 'path_regex'"
        }
        let (scheme, rest) = withoutScheme(text)
        if scheme != nil, let slash = rest.firstIndex(of: "/") { return meant(String(rest[slash...])) }
        return text.isEmpty || text.hasPrefix("/") ? nil : meant("/\(text)")
    }

    /// For a route's host that is none.
    static func host(_ text: String) -> String? {
        if ["*", "_", ""].contains(text) { return ", for any host leave it out" }
        if text.hasPrefix(".") { return meant("*\(text)") }
        let name = withoutScheme(text).rest.prefix { $0 != "/" && $0 != ":" }
        return AddressSyntax.isHostName(name) ? meant(String(name)) : nil
    }

    /// For an origin that is none.
    static func origin(_ text: String) -> String? {
        if text == "*" { return ", for any page leave 'origins' out" }
        let (scheme, rest) = withoutScheme(text)
        let authority = rest.prefix { $0 != "/" }
        guard AddressSyntax.isAuthority(authority) else { return nil }
        return meant("\(scheme ?? "https")://\(authority)")
    }

    /// For a duration without a unit, or with one of other programs.
    static func duration(_ text: String) -> String? {
        let (number, unit) = split(text)
        guard number.contains(where: { $0 != "0" }) else { return nil }
        switch unit {
        case "", "sec", "secs", "second", "seconds": return meant("\(number)s")
        case "min", "mins", "minute", "minutes": return meant("\(number)m")
        case "hour", "hours", "hr": return meant("\(number)h")
        case "msec", "millis", "milliseconds": return meant("\(number)ms")
        case "day", "days": return meant("\(number)d")
        default: return nil
        }
    }

    /// For a size with a unit of other programs.
    static func size(_ text: String) -> String? {
        let (number, unit) = split(text)
        guard !number.isEmpty else { return nil }
        switch unit {
        case "byte", "bytes": return meant("\(number)B")
        case "k", "kb", "kib": return size(number, "KiB")
        case "m", "mb", "mib": return size(number, "MiB")
        case "g", "gb", "gib": return size(number, "GiB")
        default: return nil
        }
    }

    /// A number that is too large is that in any spelling.
    private static func size(_ number: Substring, _ unit: String) -> String? {
        Quantity.size("\(number)\(unit)") == nil ? nil : meant("\(number)\(unit)")
    }

    /// A number and what stands behind it, in lower case.
    private static func split(_ text: String) -> (number: Substring, unit: String) {
        let number = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text[number.endIndex...].drop { $0 == " " || $0 == "_" }
        return (number, unit.lowercased())
    }

    private static func withoutScheme(_ text: String) -> (scheme: String?, rest: Substring) {
        for scheme in ["http", "https", "ws", "wss", "h2c", "tcp"]
        where text.lowercased().hasPrefix("\(scheme)://") {
            return (scheme, text.dropFirst(scheme.utf8.count + 3))
        }
        return (nil, text[...])
    }

    private static func meant(_ text: String, _ note: String = "") -> String {
        ", did you mean '\(text)'\(note)?"
    }
}
