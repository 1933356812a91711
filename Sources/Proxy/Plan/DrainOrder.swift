/// What is to be drained, by the names of the configuration.
package enum DrainSelection: Sendable, Equatable {
    case route(String)
    case upstream(String)
    /// A backend's address, in this upstream or in all.
    case backend(String, upstream: String?)
}

/// An order to drain, shared by all workers: each session gets the next place in one line, so that the closes of all
/// workers together come at the rate that was asked for.
final class DrainOrder: Sendable {
    let selection: DrainSelection
    /// The addresses behind the selection, where it is one of backends: a `dns:` name stands for several.
    private let addresses: Set<String>
    private let pace: ClosingPace

    /// - Parameters:
    ///   - rate: sessions a second, at least one.
    ///   - now: the monotonic clock, which all loops share.
    init(_ selection: DrainSelection, addresses: Set<String> = [], rate: Int, now: UInt64) {
        self.selection = selection
        self.addresses = addresses
        pace = ClosingPace(rate: rate, now: now)
    }

    /// What it is about, for the sessions that it covers.
    var cause: DrainCause { if case .backend = selection { .backendOrdered } else { .ordered } }

    func covers(route: String, upstream: String, backend: String?) -> Bool {
        switch selection {
        case .route(let name): route == name
        case .upstream(let name): upstream == name
        case .backend(_, let name):
            backend.map { addresses.contains($0) } ?? false && (name == nil || upstream == name)
        }
    }

    /// When the next session in the line is to be closed, from `now` on. Jittered within its place.
    func delay(at now: UInt64, jitter: UInt64) -> UInt64 { pace.delay(at: now, jitter: jitter) }
}
