internal import Configuration
internal import Routing
internal import TLS

/// What a generation knows of an upstream, for every worker to make its own `Upstream` of.
final class UpstreamSettings: Sendable {
    let configuration: UpstreamConfiguration
    let policy: UpstreamPolicy
    let connectTimeout: Duration
    let responseTimeout: Duration
    let tls: ClientTLSContext?
    /// Its backends, shared by all workers.
    let state: UpstreamState
    let rules: HealthRules
    /// nil where sessions end with their backend.
    let continuity: ContinuityRules?

    init(configuration: UpstreamConfiguration, tls: ClientTLSContext?, state: UpstreamState) {
        self.configuration = configuration
        policy = configuration.policy
        connectTimeout = configuration.connectTimeout
        responseTimeout = configuration.responseTimeout
        self.tls = tls
        self.state = state
        rules = configuration.policy.allRules
        continuity = configuration.continuity.map { ContinuityRules($0) }
    }

    /// Whether nothing has changed. Certificates are read anew with each configuration, so TLS always has.
    func isSame(as other: UpstreamSettings) -> Bool {
        configuration == other.configuration && state === other.state && tls == nil && other.tls == nil
    }

    var balances: BalancePolicy.Rule { policy.balance }
    var hashKey: HashKey { policy.hashKey }

    /// The backend makes the key up: who gave it out is remembered.
    var learnsKeys: Bool {
        guard policy.balance == .hash else { return false }
        return switch hashKey {
        case .cookie, .query: true
        case .clientIP, .header, .path: false
        }
    }
}
