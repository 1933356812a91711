internal import Configuration
internal import EventLoop

/// Listening sockets that this process was started with: by a service manager, or by the process whose place it takes.
struct InheritedSockets {
    /// Names of listeners with the numbers of their sockets, one listener a line: `127.0.0.1:8443=5,6`.
    static let socketsVariable = "TRUNKLINE_SOCKETS"
    /// The pipe on which the predecessor waits to hear that we serve.
    static let readyVariable = "TRUNKLINE_READY"

    /// Memory with what the predecessor knew and its configuration file does not say.
    static let stateVariable = "TRUNKLINE_STATE"
    /// What is one process's own and goes to no other.
    static let variables = [
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", socketsVariable, readyVariable, stateVariable,
    ]

    private var byName: [String: [Int32]] = [:]
    private(set) var predecessor: Int32?
    /// As the environment has it; nil = nothing was left.
    private(set) var state: String?

    init() {}

    init(_ environment: [String: String]) {
        for descriptor in ServiceManager.listenDescriptors(environment) {
            guard let address = BoundListener.address(of: descriptor) else { continue }
            byName[address.description, default: []].append(descriptor)
        }
        for line in (environment[Self.socketsVariable] ?? "").split(separator: "\n") {
            guard let equals = line.lastIndex(of: "=") else { continue }
            let numbers = line[line.index(after: equals)...].split(separator: ",").compactMap { Int32($0) }
            byName[String(line[..<equals]), default: []] += numbers
        }
        predecessor = environment[Self.readyVariable].flatMap { Int32($0) }
        state = environment[Self.stateVariable]
    }

    /// The sockets for an address of the configuration.
    func descriptors(for address: Address) -> [Int32] {
        byName[address.description]
            ?? SocketAddress(listening: address).flatMap { byName[$0.description] } ?? []
    }

    /// The addresses of sockets that no listener asks for.
    func unclaimed(by listeners: [Address]) -> [String] {
        let names = Set(
            listeners.flatMap { [$0.description, SocketAddress(listening: $0)?.description ?? ""] })
        return byName.keys.filter { !names.contains($0) }.sorted()
    }

    /// Closes the sockets that no listener asks for: they would be filled and never emptied.
    func closeUnclaimed(by listeners: [Address]) {
        for name in unclaimed(by: listeners) {
            for descriptor in byName[name] ?? [] { BoundListener.drop(descriptor) }
        }
    }

    /// What the process that takes our place finds in its environment.
    static func variable(_ handOuts: [ListenerHandOut]) -> String {
        handOuts.map { handOut in
            handOut.facts.name + "=" + handOut.descriptors.map(String.init).joined(separator: ",")
        }.joined(separator: "\n")
    }
}
