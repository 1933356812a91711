package import Configuration
internal import EventLoop
internal import TLS
internal import Telemetry

/// What a configuration file leads to before anything runs: certificates read, contexts made, complaints collected.
///
/// All complaints are made in one go, with the place in the file, so that an operator mends them in one go too.
package struct Startup {
    let configuration: ProxyConfiguration
    let listeners: [ListenerFacts]
    let generation: Generation
    /// What is to be said that stops nothing.
    package let warnings: [Diagnostic]
    private let file: String

    /// Reads a file and all that it names.
    package init(file: String) throws(Diagnostics) { try self.init(file: file, registry: BackendRegistry()) }

    /// The same for a running process, which keeps what it knows of its backends.
    init(file: String, registry: BackendRegistry) throws(Diagnostics) {
        let text: [UInt8]
        do throws(SystemError) {
            text = try FileContents.read(file)
        } catch {
            throw Diagnostics([
                Diagnostic(
                    file: file, place: Place(line: 1, column: 1),
                    text: "cannot read the configuration: \(error.reason)")
            ])
        }
        let loaded = try ConfigurationLoader.load(
            String(decoding: text, as: UTF8.self), file: file, environment: Machine.environment)
        try self.init(
            loaded.configuration, file: file, diagnostics: loaded.diagnostics, registry: registry)
    }

    /// From a configuration that is known; `certificates` stand in for files.
    init(
        _ configuration: ProxyConfiguration, file: String, diagnostics: [Diagnostic] = [],
        certificates: [Certificate]? = nil, registry: BackendRegistry = BackendRegistry()
    ) throws(Diagnostics) {
        var files = ConfiguredFiles(file: file)
        self.configuration = configuration
        self.file = file
        warnings = diagnostics.filter(\.isWarning)
        var facts: [ListenerFacts] = []
        for listener in configuration.listeners {
            facts.append(
                ListenerFacts(
                    name: listener.address.value.description,
                    tls: files.serverContext(listener, standIns: certificates),
                    redirectsToHTTPS: listener.redirectsToHTTPS))
        }
        listeners = facts
        var contexts: [String: ClientTLSContext] = [:]
        for (name, upstream) in configuration.upstreams where upstream.tls != nil {
            contexts[name] = files.clientContext(upstream)
        }
        let complaints = files.complaints + diagnostics.filter { !$0.isWarning }
        guard complaints.isEmpty else { throw Diagnostics(complaints) }
        generation = Generation(configuration, backendTLS: contexts, registry: registry)
    }

    /// What `check` prints.
    package var summary: [String] { configuration.summary }

    /// Binds every listener, once for each worker.
    func bind(workers: Int) throws(Diagnostics) -> [ListenerHandOut] {
        var complaints: [Diagnostic] = []
        var handOuts: [ListenerHandOut] = []
        for (listener, facts) in zip(configuration.listeners, listeners) {
            do throws(SystemError) {
                handOuts.append(try ListenerHandOut(listener.address.value, facts: facts, workers: workers))
            } catch {
                let hint = error.isAddressInUse ? "; another process holds it" : ""
                complaints.append(
                    Diagnostic(
                        file: file, place: listener.address.place,
                        text: "cannot listen on \(listener.address.value): \(error.reason)\(hint)"))
            }
        }
        guard complaints.isEmpty else { throw Diagnostics(complaints) }
        return handOuts
    }
}
