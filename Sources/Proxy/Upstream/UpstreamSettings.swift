internal import Configuration
internal import Routing
internal import TLS

/// What a generation knows of an upstream, for every worker to make its own `Upstream` of.
struct UpstreamSettings: Sendable {
    let configuration: UpstreamConfiguration
    let tls: ClientTLSContext?
    /// Its backends, shared by all workers.
    let state: UpstreamState
    let rules: HealthRules
    let hashKey: HashKey

    init(configuration: UpstreamConfiguration, tls: ClientTLSContext?, state: UpstreamState) {
        self.configuration = configuration
        self.tls = tls
        self.state = state
        rules = HealthRules(configuration.policy)
        hashKey = HashKey(configuration.policy.hashKey) ?? .clientIP
    }

    /// Whether nothing has changed. Certificates are read anew with each configuration, so TLS always has.
    func isSame(as other: UpstreamSettings) -> Bool {
        configuration == other.configuration && state === other.state && tls == nil && other.tls == nil
    }

    var policy: UpstreamPolicy { configuration.policy }
    var balances: BalancePolicy.Rule { BalancePolicy.Rule(policy.balance) }

    /// The backend makes the key up: who gave it out is remembered.
    var learnsKeys: Bool {
        guard policy.balance == .hash else { return false }
        return switch hashKey {
        case .cookie, .query: true
        case .clientIP, .header, .path: false
        }
    }
}

extension HealthRules {
    init(_ policy: UpstreamPolicy) {
        self.init()
        connectFailures = policy.ejection.connectFailures
        failures = policy.ejection.failures
        firstRest = policy.ejection.rest
        longestRest = policy.ejection.longestRest
        slowStart = policy.slowStart
        if let health = policy.health {
            unhealthyAfter = health.unhealthyAfter
            healthyAfter = health.healthyAfter
        }
    }
}

extension BalancePolicy.Rule {
    init(_ balance: UpstreamPolicy.Balance) {
        self =
            switch balance {
            case .roundRobin: .roundRobin
            case .leastSessions: .leastSessions
            case .randomTwo: .randomTwo
            case .hash: .hash
            }
    }
}
