internal import EventLoop
internal import Routing
internal import Synchronization

/// The backends of one upstream, as the whole process knows them now: those that the configuration lists, with each
/// `dns:` name replaced by the addresses that it led to last; the records of services have shares of their own.
///
/// Workers look at `version` when they choose, and copy the list when it has changed.
final class UpstreamState: Sendable {
    /// A backend that may be chosen.
    struct Member: Sendable {
        let address: BackendAddress
        let weight: Int
        /// The lowest number that can be had is taken.
        let priority: Int
        let state: BackendState
    }

    /// A backend as the configuration lists it.
    struct Entry: Sendable {
        let address: BackendAddress
        let weight: Int
        /// 0 = no limit.
        let maxSessions: Int
        /// 0 = no limit.
        let handshakes: Int
    }

    private struct Inside {
        var entries: [Entry] = []
        /// The last good answer for each name, by the entry's text.
        var resolved: [String: [Endpoint]] = [:]
        /// All that were ever met and are still of interest, by address.
        var states: [String: BackendState] = [:]
        var members: [Member] = []
        var drained = DrainMarks()
        /// It has had backends to choose from: what comes now is new.
        var isRunning = false

        var listed: [BackendState] {
            states.values.filter { state in state.load > 0 || members.contains { $0.state === state } }
                .sorted { $0.name < $1.name }
        }
    }

    let name: String
    private let inside = Mutex(Inside())
    /// Who waits for a place with one of the backends.
    let queue = AdmissionQueue()
    private let changes = Atomic<Int>(0)
    private let givenKeys = Mutex(StickyTable(capacity: 65_536))

    init(name: String) { self.name = name }

    /// Another number after each change of `members`.
    var version: Int { changes.load(ordering: .acquiring) }
    var members: [Member] { inside.withLock(\.members) }

    /// All backends that are listed or still carry something, by address.
    var backends: [BackendState] { inside.withLock(\.listed) }

    /// The backend that gave out a key.
    func giver(of key: [UInt8]) -> String? { givenKeys.withLock { $0.backend(of: key) } }

    /// A backend gave out a key.
    func learn(_ key: [UInt8], from backend: String) { givenKeys.withLock { $0.learn(key, backend) } }

    /// The names that are to be looked up, by the text of their entries.
    var names: [(entry: String, name: String, port: UInt16)] {
        inside.withLock(\.entries).compactMap { entry in
            guard case .name(let name, let port) = entry.address else { return nil }
            return (entry.address.description, name, port)
        }
    }

    /// Takes what a configuration lists.
    func configure(_ entries: [Entry]) {
        inside.withLock { inside in
            let former = inside.entries
            inside.entries = entries
            let names = Set(entries.map(\.address.description))
            if entries.isEmpty { inside.drained = DrainMarks() }
            inside.resolved = inside.resolved.filter { names.contains($0.key) }
            for state in inside.states.values { state.setConfigured(names.contains(state.origin)) }
            rebuild(&inside, former: former)
        }
        changed()
    }

    /// Takes a good answer for the name of an entry. Returns whether it changed anything.
    func resolved(_ entry: String, _ endpoints: [Endpoint]) -> Bool {
        /// The order of an answer says nothing.
        func marks(_ endpoints: [Endpoint]) -> Set<String> {
            Set(endpoints.map { "\($0.address) \($0.weight ?? 0) \($0.priority)" })
        }
        let isChanged = inside.withLock { inside in
            let old = marks(inside.resolved[entry] ?? [])
            guard !endpoints.isEmpty, old != marks(endpoints) else { return false }
            inside.resolved[entry] = endpoints
            rebuild(&inside)
            return true
        }
        if isChanged { changed() }
        return isChanged
    }

    /// Those who wait may have somebody else to wait for, or nobody.
    private func changed() {
        changes.add(1, ordering: .releasing)
        guard queue.waiting > 0 else { return }
        let (members, states) = inside.withLock { ($0.members, Array($0.states.values)) }
        for state in states where !members.contains(where: { $0.state === state }) { queue.evict(state) }
        for member in members { queue.placeFreed(member.state) }
    }

    /// - Parameter former: the entries before, where they are changing.
    private func rebuild(_ inside: inout Inside, former: [Entry] = []) {
        let known = Set(inside.states.keys).union(former.map(\.address.description))
        var members: [Member] = []
        var seen: Set<String> = []
        for entry in inside.entries {
            let origin = entry.address.description
            // A name that was never resolved is dialled as it is, which also tells why it can't be.
            let addresses =
                inside.resolved[origin]?.map {
                    (BackendAddress.socket($0.address), $0.weight ?? entry.weight, $0.priority)
                }
                ?? [(entry.address, entry.weight, 0)]
            for (address, weight, priority) in addresses where seen.insert(address.description).inserted {
                let name = address.description
                let state =
                    inside.states[name]
                    ?? BackendState(
                        upstream: self.name, name: name, origin: origin, queue: queue,
                        isNew: inside.isRunning,
                        isDrained: inside.drained.covers(name, origin: origin))
                inside.states[name] = state
                state.set(
                    weight: weight, maxSessions: entry.maxSessions, handshakes: entry.handshakes)
                members.append(Member(address: address, weight: weight, priority: priority, state: state))
            }
        }
        inside.members = members
        // Names that are not resolved yet are no backends.
        if members.contains(where: { if case .socket = $0.address { true } else { false } }) {
            inside.isRunning = true
        }
        // Those that are gone and empty are forgotten, or names that wander would pile up.
        inside.states = inside.states.filter { seen.contains($0.key) || $0.value.load > 0 }
        // And with them what was ordered for them. An entry is not gone when its name leads to addresses.
        let entries = Set(inside.entries.map(\.address.description))
        for name in known where inside.states[name] == nil && !entries.contains(name) {
            inside.drained.forget(name)
        }
    }

    // MARK: Drains

    /// What an operator has drained.
    var drained: DrainMarks { inside.withLock(\.drained) }

    /// Marks backends as drained or not: all of them, or those that an address or an entry names. Returns them.
    func setDrained(_ isDrained: Bool, backend name: String? = nil) -> [BackendState] {
        let meant = inside.withLock { inside in
            let meant = inside.listed.filter { name == nil || $0.name == name || $0.origin == name }
            if let name, !meant.isEmpty {
                inside.drained.set(name, isDrained, leadingTo: meant.map(\.name))
            } else if name == nil {
                inside.drained.setAll(isDrained)
            }
            return meant
        }
        // Not under the lock: who waits for one of them is told.
        for state in meant { state.setDraining(isDrained) }
        return meant
    }

    /// Takes the orders that were given to the process before this one.
    func takeDrained(_ marks: DrainMarks) {
        let states = inside.withLock { inside in
            inside.drained = marks
            return Array(inside.states.values)
        }
        for state in states where marks.covers(state.name, origin: state.origin) { state.setDraining(true) }
    }
}
