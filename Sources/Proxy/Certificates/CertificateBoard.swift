internal import Synchronization

/// What is known of a certificate that the process gets by itself. Times are seconds since 1970.
struct CertificateStanding: Sendable, Equatable {
    let name: String
    /// nil until the first has come.
    var expires: Double?
    /// When it is asked for next.
    var due: Double = 0
    /// What is being done, where something is.
    var activity: String?
    /// In a row.
    var failures = 0
    var lastError: String?
    var lastErrorWord: String?
    var lastErrorAt: Double?
    /// What the authority suggests.
    var window: (start: Double, end: Double)? = nil

    static func == (a: Self, b: Self) -> Bool {
        a.name == b.name && a.expires == b.expires && a.due == b.due && a.activity == b.activity
            && a.failures == b.failures && a.lastError == b.lastError && a.lastErrorAt == b.lastErrorAt
            && a.window?.start == b.window?.start && a.window?.end == b.window?.end
    }

    /// Whether clients can be served with it.
    func isReady(at now: Double) -> Bool { expires.map { $0 > now } ?? false }
}

/// What the thread that gets certificates knows, for the one that shows it.
final class CertificateBoard: Sendable {
    private struct State {
        var standings: [CertificateStanding] = []
        var outcomes: [String: UInt64] = [:]
        var staples: [String: UInt64] = [:]
    }

    private let state = Mutex(State())

    var standings: [CertificateStanding] { state.withLock { $0.standings } }
    /// How often what came of asking: `issued`, or the word of an error.
    var outcomes: [String: UInt64] { state.withLock { $0.outcomes } }
    /// The same of OCSP.
    var staples: [String: UInt64] { state.withLock { $0.staples } }

    func show(_ standings: [CertificateStanding]) { state.withLock { $0.standings = standings } }
    func count(_ outcome: String) { state.withLock { $0.outcomes[outcome, default: 0] += 1 } }
    func countStaple(_ outcome: String) { state.withLock { $0.staples[outcome, default: 0] += 1 } }
}
