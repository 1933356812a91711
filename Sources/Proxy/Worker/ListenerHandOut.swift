internal import Configuration
internal import EventLoop
internal import Synchronization

/// The bound sockets of one listener, waiting for the workers that will take them.
///
/// TCP listeners share the port (`SO_REUSEPORT`), so that the kernel spreads connections without a lock. A socket that
/// can't be shared so (a Unix one, or one that a service manager made) is shared itself: each worker has a handle on it.
final class ListenerHandOut: Sendable {

    private final class Slot: Sendable {
        let worker: Int
        let bound: Mutex<BoundListener?>
        init(_ bound: consuming sending BoundListener, for worker: Int) {
            self.worker = worker
            self.bound = Mutex(consume bound)
        }
    }

    let facts: ListenerFacts
    /// The address it got, with the port that the kernel chose where 0 was asked for.
    let address: SocketAddress
    /// The numbers of its sockets. They belong to the workers, who keep them until the listener is retired.
    let descriptors: [Int32]
    private let slots: [Slot]

    /// - Parameters:
    ///   - inherited: sockets for this address that the process was started with.
    ///   - isOurs: this process listens on the port already, for a listener that is about to go.
    init(
        _ address: Address, facts: ListenerFacts, workers: Int, inherited: [Int32] = [], isOurs: Bool = false
    ) throws(SystemError) {
        self.facts = facts
        guard let wanted = SocketAddress(listening: address) else {
            throw SystemError(call: "bind", code: 22)
        }
        let count = max(workers, 1)
        var made = Made()
        for descriptor in inherited {
            made.add(try BoundListener(inherited: descriptor), for: made.slots.count % count)
        }
        if wanted.isUnix, made.address != nil { try facts.permissions.apply(to: wanted.unixPath) }
        var taken = made.address ?? wanted
        if made.address == nil, !wanted.isUnix {
            // Without sharing first: with it, an address held by another process of the same user would be shared
            // silently.
            if !isOurs { taken = try BoundListener.probe(wanted) }
        }
        while made.slots.count < count {
            let worker = made.slots.count
            if made.slots.isEmpty || made.sharesPort {
                made.add(
                    try BoundListener(taken, sharesPort: true, permissions: facts.permissions), for: worker)
            } else {
                made.addHandle(for: worker)
            }
        }
        self.address = made.address ?? taken
        descriptors = made.descriptors
        slots = made.slots
    }

    /// What has been made so far.
    private struct Made {
        var slots: [Slot] = []
        var descriptors: [Int32] = []
        var address: SocketAddress?
        var sharesPort = false

        mutating func add(_ bound: consuming sending BoundListener, for worker: Int) {
            address = bound.address
            sharesPort = bound.sharesPort && !bound.address.isUnix
            descriptors.append(bound.number)
            slots.append(Slot(bound, for: worker))
        }

        /// Another handle on the first socket. It is not counted among the sockets: a successor makes its own.
        mutating func addHandle(for worker: Int) {
            let handle = slots[0].bound.withLock { $0?.duplicate() }
            if let handle { slots.append(Slot(handle, for: worker)) }
        }
    }

    /// A socket of one worker, each once; nil when it has them all.
    func take(_ worker: Int) -> BoundListener? {
        for slot in slots where slot.worker == worker {
            if let bound = slot.bound.withLock({ $0.take() }) { return bound }
        }
        return nil
    }
}

extension SocketAddress {
    init?(listening address: Address) {
        switch address {
        case .ip(let ip, let port): self.init(ip: ip, port: port)
        case .unix(let path): self.init(unixPath: path)
        case .name: return nil
        }
    }
}
