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
    /// What is to be said that stops nothing.
    package let warnings: [Diagnostic]
    let tickets: TicketRegistry
    let shelf: CertificateShelf
    /// What the thread that gets certificates is to do.
    let keeping: KeeperPlan
    /// All files that the configuration names, those that are missing too, as they were before they were read.
    let files: [String: FileStamp?]
    /// Of the configuration itself, as it was before it was read.
    private(set) var stamp: FileStamp?
    let adminRules: AdminRules
    /// Where revocations are kept; nil where they aren't.
    let revocations: RevocationFile?
    private let backendTLS: [String: ClientTLSContext]
    /// By the names of routes.
    private let access: [String: AccessFiles]
    private let file: String
    private let adminPermissions: SocketPermissions

    /// Reads a file and all that it names.
    package init(file: String) throws(Diagnostics) {
        try self.init(file: file, tickets: TicketRegistry(), shelf: CertificateShelf())
    }

    /// The same for a process that runs already and keeps its ticket keys and the certificates that it got.
    init(file: String, tickets: TicketRegistry, shelf: CertificateShelf) throws(Diagnostics) {
        let stamp = FileStamp(file)
        let loaded = try Self.load(file: file)
        try self.init(
            loaded.configuration, file: file, diagnostics: loaded.diagnostics, tickets: tickets, shelf: shelf)
        self.stamp = stamp
    }

    /// The same configuration with the files that it names read anew. Where one of them is of no use, what was made of the
    /// old one stays.
    ///
    /// - Parameter refused: gets what is to be said of those.
    init(refreshing current: Startup, refused: inout [Diagnostic]) throws(Diagnostics) {
        var complaints: [Diagnostic] = []
        try self.init(
            current.configuration, file: current.file, tickets: current.tickets, shelf: current.shelf,
            replacing: current, refused: &complaints)
        stamp = current.stamp
        refused = complaints
    }

    /// Reads a file alone, and nothing that it names.
    package static func load(file: String) throws(Diagnostics) -> LoadedConfiguration {
        let text: [UInt8]
        do throws(SystemError) {
            // It may be what a program prints, which takes its time.
            text = try FileContents.read(file, patience: 10)
        } catch {
            throw Diagnostics([
                Diagnostic(
                    file: file, place: Place(line: 1, column: 1),
                    text: "cannot read the configuration: \(error.reason)")
            ])
        }
        return try ConfigurationLoader.load(
            String(decoding: text, as: UTF8.self), file: file, environment: Machine.environment)
    }

    /// From a configuration that is known; `certificates` stand in for files.
    init(
        _ configuration: ProxyConfiguration, file: String, diagnostics: [Diagnostic] = [],
        certificates: [Certificate]? = nil, tickets: TicketRegistry = TicketRegistry(),
        shelf: CertificateShelf = CertificateShelf()
    ) throws(Diagnostics) {
        var refused: [Diagnostic] = []
        try self.init(
            configuration, file: file, diagnostics: diagnostics, certificates: certificates, tickets: tickets,
            shelf: shelf, replacing: nil, refused: &refused)
    }

    private init(
        _ configuration: ProxyConfiguration, file: String, diagnostics: [Diagnostic] = [],
        certificates: [Certificate]? = nil, tickets: TicketRegistry, shelf: CertificateShelf,
        replacing old: Startup?, refused: inout [Diagnostic]
    ) throws(Diagnostics) {
        var files = ConfiguredFiles(file: file, tickets: tickets, shelf: shelf)
        self.tickets = tickets
        self.shelf = shelf
        self.configuration = configuration
        self.file = file
        // What goes on with its old files is not stopped by a folder that has gone.
        if old == nil { files.judgeWritten(configuration) }
        listeners = configuration.listeners.map {
            Self.facts($0, configuration.acme, certificates, old, &files, &refused)
        }
        adminPermissions = (configuration.admin?.access).map { files.permissions($0) } ?? SocketPermissions()
        let contexts = Self.contexts(configuration, old, &files, &refused)
        let authority = configuration.acme.flatMap { acme in
            files.attempt(&refused, old?.keeping.authority) { $0.authority(acme) }
        }
        access = Self.access(configuration, old, &files)
        adminRules = Self.rules(configuration.admin, old, &files, &refused)
        revocations = files.attempt(&refused, old?.revocations) { files in
            configuration.admin?.revocations.flatMap { files.revocations($0) }
        }
        let complaints = files.complaints + diagnostics.filter { !$0.isWarning }
        guard complaints.isEmpty else { throw Diagnostics(complaints) }
        backendTLS = contexts
        warnings = diagnostics.filter(\.isWarning) + files.warnings
        self.files = files.files
        keeping = KeeperPlan(
            authority: authority, names: configuration.issuedNames, stapled: files.stapled)
    }

    private static func contexts(
        _ configuration: ProxyConfiguration, _ old: Startup?, _ files: inout ConfiguredFiles,
        _ refused: inout [Diagnostic]
    ) -> [String: ClientTLSContext] {
        var contexts: [String: ClientTLSContext] = [:]
        for (name, upstream) in configuration.upstreams where upstream.tls != nil {
            contexts[name] = files.attempt(&refused, old?.backendTLS[name]) { $0.clientContext(upstream) }
        }
        return contexts
    }

    private static func rules(
        _ admin: AdminConfiguration?, _ old: Startup?, _ files: inout ConfiguredFiles,
        _ refused: inout [Diagnostic]
    ) -> AdminRules {
        let token = files.attempt(&refused, old?.adminRules.token) { files in
            admin?.token.flatMap { files.token($0) }
        }
        return AdminRules(
            hosts: admin?.hosts ?? [], token: token, isOnNetwork: admin?.address.value.port != nil)
    }

    private static func access(
        _ configuration: ProxyConfiguration, _ old: Startup?, _ files: inout ConfiguredFiles
    ) -> [String: AccessFiles] {
        var access: [String: AccessFiles] = [:]
        for route in configuration.routes where route.access != nil {
            // What was read once is read again by itself.
            access[route.name] = old?.access[route.name] ?? files.access(route)
        }
        return access
    }

    private static func facts(
        _ listener: ListenerConfiguration, _ acme: AcmeConfiguration?, _ certificates: [Certificate]?,
        _ old: Startup?, _ files: inout ConfiguredFiles, _ refused: inout [Diagnostic]
    ) -> ListenerFacts {
        let name = listener.address.value.description
        let context = files.attempt(&refused, old?.listeners.first { $0.name == name }?.tls) {
            $0.serverContext(listener, standIns: certificates, acme: acme)
        }
        return ListenerFacts(
            name: name, label: listener.name, tls: context, redirectPort: listener.redirectPort,
            readsProxyHeader: listener.readsProxyHeader, protocols: listener.protocols,
            permissions: files.permissions(listener.access))
    }

    /// What the workers take. Nothing can fail from here on: with it the process's state follows the configuration.
    func generation(in state: ProcessState) -> Generation {
        // Most of the rest is what the sessions hold themselves: windows, buffers of TLS; then the program itself.
        state.memory.limit = configuration.limits.memory ?? (MachineMemory.usable() ?? 0) / 4
        state.sockets.limits = configuration.socketLimits(descriptors: ProcessFacts.mostDescriptors)
        return Generation(
            configuration, backendTLS: backendTLS, access: access, challenges: shelf.challenges, state: state)
    }

    /// What reads itself again when it changes.
    var watchedFiles: [any WatchedFileLook] { access.values.flatMap(\.watched) }

    /// What `check` prints.
    package var summary: [String] { configuration.summary }

    /// Binds every listener for the workers, all of them or none.
    ///
    /// - Parameters:
    ///   - current: listeners that the process has already; those with the same address are left out.
    ///   - inherited: sockets that the process was started with.
    func bind(
        workers: Int, beside current: [ListenerHandOut] = [], inherited: InheritedSockets = InheritedSockets()
    ) throws(Diagnostics) -> [ListenerHandOut] {
        var complaints: [Diagnostic] = []
        var handOuts: [ListenerHandOut] = []
        for (listener, facts) in zip(configuration.listeners, listeners) {
            let address = listener.address.value
            do throws(SystemError) {
                if current.contains(where: { $0.facts.name == facts.name }) {
                    if case .unix(let path) = address { try facts.permissions.apply(to: path) }
                    continue
                }
                handOuts.append(
                    try ListenerHandOut(
                        address, facts: facts, workers: workers,
                        inherited: inherited.descriptors(for: address),
                        isOurs: current.contains { $0.address.port == address.port && address.port ?? 0 != 0 }
                    ))
            } catch {
                let hint = Self.hint(error, address)
                complaints.append(
                    Diagnostic(
                        file: file, place: listener.address.place,
                        text: "cannot listen on \(address): \(error.reason)\(hint)"))
            }
        }
        guard complaints.isEmpty else { throw Diagnostics(complaints) }
        return handOuts
    }

    /// What an operator can do about it.
    private static func hint(_ error: SystemError, _ address: Address) -> String {
        switch address {
        case _ where error.isAddressInUse: "; another process holds it"
        case .ip(_, 1..<1024) where error.isForbidden:
            "; ports below 1024 need the capability CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)"
        case .unix where error.call == "chown" && error.isForbidden:
            "; only root, or a process with CAP_CHOWN, gives a file to others; a group must be one of the process's own"
        default: ""
        }
    }

    /// Takes the admin listener's address, where one is configured.
    func bindAdmin(inherited: InheritedSockets, server: ProxyServer) throws(Diagnostics) -> AdminService? {
        guard let address = configuration.admin?.address else { return nil }
        do throws(SystemError) {
            return try AdminService(
                address.value, permissions: adminPermissions,
                inherited: inherited.descriptors(for: address.value), server: server)
        } catch {
            let hint = Self.hint(error, address.value)
            throw Diagnostics([
                Diagnostic(
                    file: file, place: address.place,
                    text: "cannot listen on \(address.value) for admin: \(error.reason)\(hint)")
            ])
        }
    }
}
