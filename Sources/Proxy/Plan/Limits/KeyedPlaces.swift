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

    /// nil where the request has none of the route's keys.
    init?(
        _ route: Route, _ head: RequestHead, client: String, _ claims: Claims?, isSession: Bool,
        at now: UInt64
    ) throws(Fault) {
        self.isSession = isSession
        for rule in route.keyed {
            guard let key = rule.source.key(head, client: client, claims) else { continue }
            do throws(Fault) {
                places.append((rule.store, try rule.store.enter(key, isSession: isSession, at: now)))
            } catch {
                leave()
                throw error
            }
        }
        if places.isEmpty { return nil }
    }

    func leave() {
        for place in places { place.entry.leave(isSession: isSession) }
    }
}

extension KeyedLimitConfiguration.Source {
    /// nil where the request has none, or an empty one.
    fileprivate func key(_ head: RequestHead, client: String, _ claims: Claims?) -> String? {
        let value: String? =
            switch self {
            case .clientIP: ClientKey(client)?.text
            case .claim(let name): claims?.text(name)
            case .header(let name): head.fields.first(name)
            case .cookie(let name):
                head.fields.values("cookie").lazy.compactMap { HashKey.cookieValue(name, in: $0) }.first
                    .map { String(decoding: $0, as: UTF8.self) }
            }
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }
}
