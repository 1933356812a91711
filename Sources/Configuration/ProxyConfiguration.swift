package import HTTP2Protocol
package import HTTPProtocol
internal import YAML

/// A validated configuration: every default filled in, every name resolved. Sizes are bytes, and
/// 0 is off.
package struct ProxyConfiguration: Equatable, Sendable {
    /// nil = one for each usable processor.
    package var workers: Int?
    /// One or more.
    package var listeners: [ListenerConfiguration] = []
    /// `trusted_proxies`: whose word of their clients is believed.
    package fileprivate(set) var trustedProxies = TrustedProxies()
    /// `underscore_fields`: what becomes of request fields with an underscore in their names.
    package fileprivate(set) var underscoreFields = UnderscoreFields.drop
    /// nil = no certificate is asked for.
    package var acme: AcmeConfiguration?
    /// `watch`: this file is loaded again when it changes. The files that it names always are.
    package fileprivate(set) var watchesItself = false
    /// nil = no admin listener.
    package fileprivate(set) var admin: AdminConfiguration?
    /// `log`.
    package var log = LogConfiguration()
    /// The default of every route.
    package var limits = LimitsConfiguration()
    /// `http2`, of every listener that speaks it.
    package fileprivate(set) var http2 = HTTP2Options()
    /// Of the whole process; no route has its own.
    package var timeouts = TimeoutsConfiguration()
    /// `drain.close_code`, of sessions that a drain of the process closes.
    package private(set) var drainCloseCode: UInt16 = 1012
    /// `drain.linger`: for how long a process that has handed over leaves its sessions alone.
    package var linger = Duration.zero
    /// The same for sessions that clients can come back to: as long as one of them waits for its client, at least. An hour
    /// where they wait for ever.
    package var patience: Duration {
        // A closure: the runtime projects such a key path by copying bytes over themselves.
        let waits = routes.compactMap { $0.resume?.within }
        return waits.reduce(linger) { max($0, $1 > .zero ? $1 : .seconds(3600)) }
    }
    /// The default of every route.
    package var ambiguousPaths = AmbiguousPaths.judge
    /// The default of every route.
    package var compression = CompressionConfiguration()
    /// In the order of the text: the first that matches wins.
    package var routes: [RouteConfiguration] = []
    /// By their names.
    package var upstreams: [String: UpstreamConfiguration] = [:]

    /// Nothing but defaults.
    package init() {}

    /// Keys are read in this order: what is looked at by others comes before them.
    static let table = Table("", start: Self(), rules: rules) {
        Key.value(
            "workers", \.workers,
            .auto(or: .integer(1...1024)).expecting("auto, or a whole number from 1 to 1024"),
            "Event loops; `auto` is one per usable processor."
        )
        Key.list(
            "trusted_proxies", \.trustedProxies.list, .trustedProxy,
            "Peers whose X-Forwarded-*, Forwarded and PROXY headers are believed: addresses, ranges such as 10.0.0.0/8, or `unix` for Unix sockets.",
            example: "10.0.0.0/8"
        )
        Key.value(
            "underscore_fields", \.underscoreFields, .choice(("drop", .drop), ("pass", .pass)),
            "What becomes of request fields with an underscore in the name: CGI, WSGI and the like take X_Real_IP for X-Real-IP."
        )
        Key.sections(
            "listeners", \.listeners, ListenerConfiguration.table, title: { index, _ in "listener \(index)" },
            usual: "address",
            lacking: { _, isAbsent in
                (isAbsent ? "missing required key 'listeners'" : "'listeners' is empty")
                    + ": nothing would be listened on"
            }, start: { _ in ListenerConfiguration.table.start },
            check: { ListenerConfiguration.check($0, $1, $2.listeners) }
        )
        Key.optionalSection(
            "admin", \.admin, AdminConfiguration.table, canBeOff: true, unset: "no such listener",
            check: { AdminConfiguration.check($0, $1, $2.listeners) }
        )
        Key.optionalSection(
            "acme", \.acme, AcmeConfiguration.table, canBeOff: true, unset: "nothing is asked for")
        Key.value(
            "watch", \.watchesItself, .flag,
            "`true` reloads this file when it changes; files that it names are always reloaded.")
        Key.section("log", \.log, LogConfiguration.table)
        Key.section("compression", \.compression, CompressionConfiguration.table)
        Key.section("limits", \.limits, LimitsConfiguration.table)
        Key.section("http2", \.http2, HTTP2Keys.table)
        Key.section("timeouts", \.timeouts, TimeoutsConfiguration.table)
        Key.section("drain", \.drain, drainTable)
        Key.section("keepalive", \.timeouts, TimeoutsConfiguration.keepalive)
        Key.section("paths", \.ambiguousPaths, RouteConfiguration.paths)
        Key.named("upstreams", \.upstreams, UpstreamConfiguration.table, kind: "upstream", example: "app")
        Key.sections(
            "routes", \.routes, RouteConfiguration.table, title: { index, _ in "route \(index)" },
            lacking: { _, _ in "no 'routes': every request would be answered 404" },
            start: { RouteConfiguration(over: $0) }, check: RouteConfiguration.check)
    }

    private struct Drain {
        var closeCode: UInt16 = 1012
        var linger = Duration.zero
    }

    private var drain: Drain {
        get { Drain(closeCode: drainCloseCode, linger: linger) }
        set { (drainCloseCode, linger) = (newValue.closeCode, newValue.linger) }
    }

    private static let drainTable = Table("How sessions end with their process.", start: Drain()) {
        Key.value(
            "close_code", \.closeCode, .closeCode,
            "The code that sessions get on SIGTERM: 1012, 1000, 1001, 1013, or 3000 to 4999.")
        Key.value(
            "linger", \.linger, .duration,
            "How long a process keeps its sessions after it has handed over (SIGUSR2, an upgrade of the package). Then it closes those that are still open."
        )
    }

    private static let rules: [Rule<Self>] = [
        Rule { configuration, section in Redirect.resolve(&configuration.listeners, section) },
        Rule { configuration, section in AcmeNames.resolve(&configuration, section) },
        Rule { configuration, section in
            guard let limit = configuration.limits.memory, limit > 0 else { return }
            for (name, upstream) in configuration.upstreams where upstream.mode == .broadcast {
                let node = section.node("upstreams")?.mapping?[name]?.mapping?["broadcast"]
                guard node?.mapping != nil else { continue }
                upstream.broadcast.checkMemory(
                    Section(node, title: "", place: section.place, section.complaints), limit: limit)
            }
        },
        Rule { configuration, section in
            let used = configuration.routes.flatMap { route in
                let own: String? = if case .upstream(let name) = route.action { name } else { nil }
                return (route.access?.upstreams ?? []) + [own].compactMap(\.self)
            }
            guard let upstreams = section.node("upstreams")?.mapping else { return }
            for (key, _) in upstreams {
                guard let name = key.scalar?.string, !used.contains(name) else { continue }
                section.warn(key.place, "upstream '\(name)' is used by no route")
            }
        },
    ]
}

extension Scalar where Value == UInt16 {
    /// A code for an end that is no fault.
    static var closeCode: Self {
        Scalar(
            form: Form(
                words: "close code",
                schema: [
                    "anyOf": [
                        ["enum": [1000, 1001, 1012, 1013]],
                        ["type": "integer", "minimum": 3000, "maximum": 4999],
                        ["type": "string", "pattern": "^(1000|1001|1012|1013|[34][0-9]{3})$"],
                    ]
                ]),
            expected: "1012, or another code for an end that is no fault: 1000, 1001, 1013, 3000 to 4999",
            parse: { text, _ in
                Quantity.number(text).flatMap { code in
                    switch code {
                    case 1000, 1001, 1012, 1013, 3000...4999: UInt16(code)
                    default: nil
                    }
                }
            }, print: { "\($0)" })
    }
}

// MARK: Whom is believed

/// One of `trusted_proxies`.
enum TrustedProxy: Sendable {
    case unix
    case range(AddressRange)
}

extension TrustedProxies {
    var list: [TrustedProxy] {
        get { ranges.map { .range($0) } + (trustsUnixSockets ? [.unix] : []) }
        set {
            let ranges: [AddressRange] = newValue.compactMap {
                if case .range(let range) = $0 { range } else { nil }
            }
            self = TrustedProxies(ranges: ranges, trustsUnixSockets: ranges.count < newValue.count)
        }
    }
}

extension Scalar where Value == TrustedProxy {
    static var trustedProxy: Self { addresses(of: "trusted_proxies") }

    /// - Parameter key: whose members they are.
    static func addresses(of key: String) -> Self {
        Scalar(
            form: Form(
                words: "addresses, ranges, `unix`",
                schema: [
                    "type": "string",
                    "pattern": "^(unix|[0-9.]+(/[0-9]{1,2})?|[0-9A-Fa-f:.]+(/[0-9]{1,3})?)$",
                ],
                isText: true),
            expected: "an address, a range or unix",
            parse: { text, _ in text == "unix" ? .unix : AddressRange(text).map { .range($0) } },
            print: { proxy in
                switch proxy {
                case .unix: "unix"
                case .range(let range): range.description
                }
            }
        ).complaining {
            "'\($0)' is none of '\(key)', expected an address such as 10.0.0.1, a range"
                + " such as 10.0.0.0/8 or 2001:db8::/32, or unix"
        }
    }
}
