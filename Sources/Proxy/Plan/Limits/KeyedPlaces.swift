internal import Access
internal import Configuration
internal import HTTPProtocol

/// One entry of a route's `limits.per`.
struct KeyedRule: Sendable {
    let source: KeyedLimitConfiguration.Source
    let missing: KeyedLimitConfiguration.Missing
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
        for rule in question.route.keyed where !rule.isOfClaim {
            guard let keys = rule.source.keys(question, client: client) else {
                throw Fault(.access(.tooManyKeys(rule.store.name)))
            }
            try enter(rule, keys, at: now)
        }
    }

    /// Takes those that its token gives it.
    ///
    /// - Parameter claims: nil of who has none.
    func enter(_ rules: [KeyedRule], _ claims: Claims?, at now: UInt64) throws(Fault) {
        for rule in rules {
            guard case .claim(let name) = rule.source else { continue }
            let key = claims?.text(name) ?? ""
            try enter(rule, key.isEmpty ? [] : [key], at: now)
        }
    }

    private func enter(_ rule: KeyedRule, _ keys: [String], at now: UInt64) throws(Fault) {
        var keys = keys
        if keys.isEmpty {
            switch rule.missing {
            case .pass: return
            // No key is empty.
            case .count: keys = [""]
            case .refuse: throw Fault(.access(.missingKey(rule.store.name)))
            }
        }
        for key in keys {
            places.append((rule.store, try rule.store.enter(key, isSession: isSession, at: now)))
        }
    }

    /// Gives all of them back.
    func leave() {
        for place in places { place.entry.leave(isSession: isSession) }
        places = []
    }
}

extension KeyedRule {
    /// Its key is known when the token has been looked at.
    fileprivate var isOfClaim: Bool { if case .claim = source { true } else { false } }
}

extension KeyedLimitConfiguration.Source {
    /// Those that the request has, none of them empty; nil where it has more than are looked at.
    fileprivate func keys(_ question: AccessQuestion, client: String) -> [String]? {
        switch self {
        case .clientIP: ClientKey(client).map { [$0.text] } ?? []
        case .claim: []
        case .header(let name): KeyReadings.field(name, in: question.head.fields)
        case .cookie(let name): question.cookies(name)
        }
    }
}

extension AccessQuestion {
    /// A cookie that was taken out as a token is a key none the less.
    fileprivate func cookies(_ name: String) -> [String]? {
        let isTaken = route.passage?.sources?.sources.contains(.cookie(name)) ?? false
        if isTaken, let token = taken?.token, !token.isEmpty { return [token] }
        return KeyReadings.cookie(name, in: head.fields)
    }
}
