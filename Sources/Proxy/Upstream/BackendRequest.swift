internal import HTTPProtocol
internal import Routing

/// What the choice of a backend goes by: what is asked, and by whom. An object, as each step of asking has it.
final class BackendRequest {
    private enum Asked {
        case upgrade(UpgradePlan)
        case plain(RequestHead, Forwarding)
    }

    /// It becomes a session: it needs a place among the backend's handshakes.
    let isUpgrade: Bool
    /// Looked into when it is asked for: where there is one backend, nobody does.
    private let asked: Asked

    init(_ plan: UpgradePlan) {
        isUpgrade = true
        asked = .upgrade(plan)
    }

    init(_ plan: RequestPlan) {
        isUpgrade = false
        asked = .plain(plan.head, plan.forwarding)
    }

    var head: RequestHead {
        switch asked {
        case .upgrade(let plan): plan.head
        case .plain(let head, _): head
        }
    }

    private var forwarding: Forwarding {
        switch asked {
        case .upgrade(let plan): plan.forwarding
        case .plain(_, let forwarding): forwarding
        }
    }

    /// The client's address without its port.
    var client: String { forwarding.client }
    var ends: ConnectionEnds? { forwarding.ends }

    /// The value that a hash key has in this request, as it came; nil when it isn't there.
    func value(of key: HashKey) -> [UInt8]? {
        switch key {
        case .clientIP: Array(client.utf8)
        case .path: Array(head.target.path.utf8)
        case .header(let name): head.fields.values(name).first.flatMap { $0.isEmpty ? nil : $0 }
        case .query(let name): head.target.query.flatMap { HashKey.queryValue(name, in: $0) }
        case .cookie(let name):
            head.fields.values(.cookie).lazy.compactMap { HashKey.cookieValue(name, in: $0) }.first
        }
    }

    /// What is hashed. A request without the key goes by the client's address, and so does an Engine.IO session whose
    /// giver is not known: its first request, without a `sid`, went by that too.
    func hash(of key: HashKey) -> UInt64 {
        ConsistentHash.hash((key == .query("sid") ? nil : value(of: key)) ?? Array(client.utf8))
    }
}

/// Watches the answer to a request without a key for the one that the backend gives out: in a cookie, or as Engine.IO
/// does, in the first packet of its body (`0{"sid":"…"}`).
struct KeyLearner {
    /// In bytes; a packet that opens a session is far smaller.
    private static let most = 1024

    private let state: UpstreamState
    private let key: HashKey
    private var start: [UInt8] = []
    private var isDone = false

    /// nil when nothing is to be learnt.
    init?(_ settings: UpstreamSettings, _ request: BackendRequest) {
        guard settings.learnsKeys, request.value(of: settings.hashKey) == nil else { return nil }
        state = settings.state
        key = settings.hashKey
    }

    mutating func head(_ fields: HeaderFields, from backend: Backend) {
        guard case .cookie(let name) = key else { return }
        isDone = true
        for field in fields.values("set-cookie") {
            guard let value = HashKey.setCookieValue(name, in: field) else { continue }
            return state.learn(value, from: backend.name)
        }
    }

    mutating func body(_ bytes: Span<UInt8>, from backend: Backend) {
        guard !isDone, case .query(let name) = key else { return }
        for index in 0..<min(bytes.count, Self.most - start.count) { start.append(bytes[index]) }
        if let value = HashKey.jsonValue(name, in: start) {
            state.learn(value, from: backend.name)
            isDone = true
        } else {
            isDone = start.count >= Self.most
        }
    }
}
