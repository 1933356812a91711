internal import Configuration
internal import TLS

/// What a generation knows of an upstream, for every worker to make its own `Upstream` of.
struct UpstreamSettings: Sendable {
    let configuration: UpstreamConfiguration
    let tls: ClientTLSContext?
    /// Its backends, shared by all workers.
    let state: UpstreamState
}
