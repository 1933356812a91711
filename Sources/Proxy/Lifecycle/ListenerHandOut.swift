internal import Configuration
internal import EventLoop
internal import Synchronization

/// The bound sockets of one listener, waiting for the workers that will each take one.
///
/// TCP listeners share the port (`SO_REUSEPORT`), so that the kernel spreads connections without a lock; the workers of
/// a Unix listener share one socket.
final class ListenerHandOut: Sendable {

    private final class Slot: Sendable {
        let bound: Mutex<BoundListener?>
        init(_ bound: consuming sending BoundListener) { self.bound = Mutex(consume bound) }
    }

    let facts: ListenerFacts
    /// The address it got, with the port that the kernel chose where 0 was asked for.
    let address: SocketAddress
    private let slots: [Slot]

    init(_ address: Address, facts: ListenerFacts, workers: Int) throws(SystemError) {
        self.facts = facts
        guard let wanted = SocketAddress(listening: address) else {
            throw SystemError(call: "bind", code: 22)
        }
        // Without sharing first: with it, an address held by another process of the same user would be shared silently.
        let first = try BoundListener(wanted, sharesPort: false)
        self.address = first.address
        if wanted.isUnix {
            var slots: [Slot] = []
            for _ in 1..<max(workers, 1) { slots.append(Slot(first.duplicate())) }
            slots.append(Slot(first))
            self.slots = slots
        } else {
            let taken = first.address
            Self.close(first)
            var slots: [Slot] = []
            for _ in 0..<max(workers, 1) { slots.append(Slot(try BoundListener(taken, sharesPort: true))) }
            self.slots = slots
        }
    }

    private static func close(_ listener: consuming BoundListener) {}

    /// The socket of one worker, once.
    func take(_ worker: Int) -> BoundListener? {
        guard worker < slots.count else { return nil }
        return slots[worker].bound.withLock { $0.take() }
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
