internal import Synchronization

/// All upstreams of the process with their backends. There is one, handed from generation to generation, so that what
/// is known of a backend outlives reloads.
final class BackendRegistry: Sendable {
    private let upstreams = Mutex<[String: UpstreamState]>([:])

    init() {}

    /// Every upstream that is or was configured, by name.
    var all: [UpstreamState] { upstreams.withLock { Array($0.values) }.sorted { $0.name < $1.name } }

    /// Takes the upstreams of a new configuration; those that are no longer in it keep no backend but what lives on.
    func adopt(_ entries: [String: [UpstreamState.Entry]]) -> [String: UpstreamState] {
        let states = upstreams.withLock { upstreams in
            for name in entries.keys where upstreams[name] == nil {
                upstreams[name] = UpstreamState(name: name)
            }
            return upstreams
        }
        for (name, state) in states { state.configure(entries[name] ?? []) }
        return states
    }

    /// Marks backends as draining or not.
    ///
    /// - Parameters:
    ///   - name: an address, or an entry of the configuration that led to several.
    ///   - upstream: nil = in every upstream that has it.
    /// - Returns: those that were meant.
    func setDraining(_ isDraining: Bool, backend name: String, upstream: String? = nil) -> [BackendState] {
        all.filter { upstream == nil || $0.name == upstream }
            .flatMap { $0.setDrained(isDraining, backend: name) }
    }
}
