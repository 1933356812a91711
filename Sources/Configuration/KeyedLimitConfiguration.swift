/// One of `limits.per`: limits of all that comes with the same key, over all workers. 0 = no limit.
package struct KeyedLimitConfiguration: Equatable, Sendable {
    /// Who is counted as one.
    package enum Source: Equatable, Sendable {
        /// An IPv4 address, or one IPv6 /64.
        case clientIP
        case claim(String)
        case header(String)
        case cookie(String)

        /// From its spelling.
        package init?(_ text: String) {
            if text == "client_ip" {
                self = .clientIP
                return
            }
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty else { return nil }
            let name = String(parts[1])
            switch parts[0] {
            case "claim": self = .claim(name)
            case "header": self = .header(name.lowercased())
            case "cookie": self = .cookie(name)
            default: return nil
            }
        }

        /// Its spelling.
        package var text: String {
            switch self {
            case .clientIP: "client_ip"
            case .claim(let name): "claim:\(name)"
            case .header(let name): "header:\(name)"
            case .cookie(let name): "cookie:\(name)"
            }
        }
    }

    /// What may pass at once.
    package enum Burst: Equatable, Sendable {
        /// As much as in so long.
        case time(Duration)
        /// So many messages, or upgrades.
        case count(Int)
    }

    /// What becomes of who has no such key.
    package enum Missing: Equatable, Sendable {
        /// Not limited by it.
        case pass
        /// All of them are one.
        case count
        case refuse
    }

    /// `key`.
    package var source = Source.clientIP
    /// Of who has no such key.
    package var missing = Missing.pass
    /// Sessions and requests at once.
    package var connections = 0
    /// WebSocket sessions at once.
    package var sessions = 0
    /// Handshakes, all of which may come at once unless `burst` is a number.
    package var upgradesPerMinute = 0
    /// Of clients.
    package var messagesPerSecond = 0
    /// In either direction.
    package var bytesPerSecond = 0
    /// Beyond the rates.
    package var burst = Burst.time(.seconds(1))
    /// Sessions over a rate are closed; otherwise they are read more slowly.
    package var closesOverRate = false
    /// The code that they are closed with.
    package fileprivate(set) var closeCode: UInt16 = 4429

    /// Nothing is limited.
    package init() {}

    static let table = Table(
        "Limits for all that has the same key, counted over all workers.",
        start: Self(), rules: rules
    ) {
        Key.value(
            "key", \.source, .keyedSource,
            "Who is counted as one: `client_ip` (IPv6 by /64), `claim:NAME`, `header:NAME` or `cookie:NAME`.",
            isRequired: true, example: "client_ip")
        Key.value(
            "missing", \.missing, .choice(("pass", .pass), ("count", .count), ("refuse", .refuse)),
            "What becomes of requests without such a key: `pass` = no limit, `count` = all of them share one, `refuse` = 403."
        )
        Key.value(
            "connections", \.connections, .integer(0...Int.max),
            "Sessions and requests at once; over it 429.")
        Key.value("sessions", \.sessions, .integer(0...Int.max), "Sessions at once; over it 429.")
        Key.value(
            "upgrades_per_minute", \.upgradesPerMinute, .integer(0...1_000_000_000),
            "Handshakes a minute; over it 429 with Retry-After.")
        Key.value(
            "messages_per_second", \.messagesPerSecond, .integer(0...1_000_000_000),
            "Messages a second from clients.")
        Key.value(
            "bytes_per_second", \.bytesPerSecond, .size(),
            "Bytes a second from clients, and the same from backends.")
        Key.value(
            "burst", \.burst, .burst,
            "What may pass at once: so much time's worth of messages and bytes, or a number of messages and handshakes."
        )
        Key.value(
            "rate_action", \.closesOverRate, .choice(("throttle", false), ("close", true)),
            "What becomes of sessions over a rate: they are read more slowly, or closed.")
        Key.value(
            "close_code", \.closeCode, .keyedCode, "The code of that Close: 4429, 1008, or one of your own.")
    }

    private static let rules: [Rule<Self>] = [
        Rule { limit, section in
            let numbers = [
                limit.connections, limit.sessions, limit.upgradesPerMinute, limit.messagesPerSecond,
                limit.bytesPerSecond,
            ]
            guard numbers.allSatisfy({ $0 == 0 }) else { return }
            section.warn(section.place, "\(section.title) limits nothing")
        }
    ]
}

extension Scalar where Value == KeyedLimitConfiguration.Source {
    fileprivate static var keyedSource: Self {
        Scalar(
            form: Form(
                words: "`client_ip`, `claim:NAME`, `header:NAME` or `cookie:NAME`",
                schema: ["type": "string", "pattern": "^(client_ip|(claim|header|cookie):.+)$"]),
            expected: "client_ip, claim:NAME, header:NAME or cookie:NAME",
            parse: { text, _ in Value(text) }, print: { $0.text })
    }
}

extension Scalar where Value == KeyedLimitConfiguration.Burst {
    fileprivate static var burst: Self {
        Scalar(
            form: Form(
                words: "duration, or a number",
                schema: [
                    "anyOf": [["$ref": "#/$defs/duration"], ["type": "integer", "minimum": .number(0)]]
                ]),
            expected: "a duration such as 500ms or 2s, or a number",
            parse: { text, _ in
                if let number = Quantity.number(text) { return .count(number) }
                return Quantity.duration(text).map { .time($0) }
            },
            print: { burst in
                switch burst {
                case .time(let time): Quantity.text(time)
                case .count(let count): "\(count)"
                }
            })
    }
}

extension Scalar where Value == UInt16 {
    fileprivate static var keyedCode: Self {
        Scalar(
            form: Form(
                words: "1008, or 3000 to 4999",
                schema: [
                    "anyOf": [
                        ["const": .number(1008)],
                        ["type": "integer", "minimum": .number(3000), "maximum": .number(4999)],
                    ]
                ]),
            expected: "1008, or a code from 3000 to 4999",
            parse: { text, _ in
                UInt16(text).flatMap { $0 == 1008 || (3000...4999).contains($0) ? $0 : nil }
            }, print: { "\($0)" })
    }
}
