internal import Synchronization

/// How many sockets a process may have open for its peers, over all loops: a process that runs out of descriptors can't
/// be served, watched or told anything. Those of clients have a limit of their own, or one client's idle connections would
/// leave nothing for backends. Files, listeners and the admin listener live on what is left out of it.
package final class SocketBudget: Sendable {
    /// The numbers of one budget.
    package struct Limits: Equatable, Sendable {
        /// Sockets of clients and backends together.
        package var all: Int
        /// Sockets of clients.
        package var clients: Int

        /// These and no others.
        package init(all: Int, clients: Int) {
            self.all = all
            self.clients = clients
        }

        /// What a limit on descriptors leaves.
        ///
        /// - Parameters:
        ///   - descriptors: the process's limit (`RLIMIT_NOFILE`); 0 or less = unknown.
        ///   - fixed: descriptors that it needs however many peers there are.
        ///   - most: what the configuration allows clients; 0 = as many as there is room for.
        ///   - sharesBackends: few connections to backends carry many sessions; else each session has one of its own.
        package init(descriptors: Int, fixed: Int, most: Int, sharesBackends: Bool) {
            guard descriptors > 0 else {
                self.init(all: .max, clients: most > 0 ? most : .max)
                return
            }
            let heldBack = max(16, min(descriptors / 8, 128))
            let all = max(2, descriptors - fixed - heldBack)
            let room = max(1, sharesBackends ? all - all / 8 : all / 2)
            self.init(all: all, clients: most > 0 ? min(most, room) : room)
        }
    }

    private let ofClients = Atomic<Int>(0)
    private let ofBackends = Atomic<Int>(0)
    private let mostClients = Atomic<Int>(.max)
    private let mostOfAll = Atomic<Int>(.max)

    /// Without limits, until some are set.
    package init() {}

    /// A change holds for what comes from now on.
    package var limits: Limits {
        get {
            Limits(all: mostOfAll.load(ordering: .relaxed), clients: mostClients.load(ordering: .relaxed))
        }
        set {
            mostOfAll.store(newValue.all, ordering: .relaxed)
            mostClients.store(newValue.clients, ordering: .relaxed)
        }
    }

    /// Sockets of clients that are open.
    package var clients: Int { ofClients.load(ordering: .relaxed) }
    /// Sockets of backends that are open.
    package var backends: Int { ofBackends.load(ordering: .relaxed) }

    /// Takes a place for a client's socket, where there is one.
    func enterClient() -> Bool {
        let now = ofClients.add(1, ordering: .relaxed).newValue
        let limits = limits
        if now <= limits.clients, now <= limits.all - backends { return true }
        leaveClient()
        return false
    }

    func leaveClient() { ofClients.subtract(1, ordering: .relaxed) }

    /// Takes a place for a backend's socket; throws what the kernel would say.
    func enterBackend() throws(SystemError) {
        let now = ofBackends.add(1, ordering: .relaxed).newValue
        guard now > limits.all - clients else { return }
        leaveBackend()
        throw .noDescriptor
    }

    func leaveBackend() { ofBackends.subtract(1, ordering: .relaxed) }
}
