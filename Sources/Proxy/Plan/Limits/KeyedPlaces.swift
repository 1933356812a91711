internal import Access
internal import Configuration
internal import HTTPProtocol
internal import Routing

/// One entry of a route's `limits.per`.
struct KeyedRule: Sendable {
    let source: KeyedLimitConfiguration.Source
    let store: KeyedStore
}

/// The places that one session or request has by its keys.
final class KeyedPlaces {
    typealias Place = (store: KeyedStore, entry: KeyedEntry)

    private(set) var places: [Place] = []
    private let isSession: Bool

    init(isSession: Bool) { self.isSession = isSession }

    // Whoever is the last to know of them gives them back, if nobody has.
    deinit { leave() }

    /// Takes those that the request's head and the client's address give it.
    func enter(_ question: AccessQuestion, client: String, at now: UInt64) throws(Fault) {
        for rule in question.route.keyed {
            try enter(rule, rule.source.key(question, client: client), at: now)
        }
    }

    /// Takes those that its token gives it.
    func enter(_ rules: [KeyedRule], _ claims: Claims, at now: UInt64) throws(Fault) {
        for rule in rules {
            guard case .claim(let name) = rule.source else { continue }
            try enter(rule, claims.text(name), at: now)
        }
    }

    private func enter(_ rule: KeyedRule, _ key: String?, at now: UInt64) throws(Fault) {
        guard let key, !key.isEmpty else { return }
        places.append((rule.store, try rule.store.enter(key, isSession: isSession, at: now)))
    }

    /// Gives all of them back.
    func leave() {
        for place in places { place.entry.leave(isSession: isSession) }
        places = []
    }
}

extension KeyedLimitConfiguration.Source {
    /// nil where the request has none.
    fileprivate func key(_ question: AccessQuestion, client: String) -> String? {
        switch self {
        case .clientIP: ClientKey(client)?.text
        case .claim: nil
        case .header(let name): question.field(name)
        case .cookie(let name): question.cookie(name)
        }
    }
}

extension AccessQuestion {
    /// All lines of a field, as most backends join them: another line before the right one is no way around a limit.
    fileprivate func field(_ name: String) -> String? {
        let lines = head.fields.all(name)
        return lines.count > 1 ? lines.joined(separator: ", ") : lines.first
    }

    /// A cookie that was taken out as a token is a key none the less.
    fileprivate func cookie(_ name: String) -> String? {
        let values = head.fields.values("cookie").lazy
        if let value = values.compactMap({ HashKey.cookieValue(name, in: $0) }).first {
            return String(decoding: value, as: UTF8.self)
        }
        let isTaken = route.passage?.sources?.sources.contains(.cookie(name)) ?? false
        return isTaken ? taken?.token : nil
    }
}
