import EventLoop
import Synchronization
import Testing

@testable import Proxy

/// How many were inside at the same time.
private final class Seen: Sendable {
    private let inside = Atomic<Int>(0)
    let most = Atomic<Int>(0)
    let taken = Atomic<Int>(0)

    func enter() {
        let now = inside.add(1, ordering: .sequentiallyConsistent).newValue
        most.max(now, ordering: .relaxed)
        taken.add(1, ordering: .relaxed)
        inside.subtract(1, ordering: .sequentiallyConsistent)
    }
}

@Suite("Admission")
struct AdmissionQueueTests {
    private func backend(_ queue: AdmissionQueue, handshakes: Int, sessions: Int = 0) -> BackendState {
        let backend = BackendState(
            upstream: "app", name: "10.0.0.1:1", origin: "", queue: queue, isNew: false)
        backend.set(weight: 1, maxSessions: sessions, handshakes: handshakes)
        return backend
    }

    @Test("places are counted for handshakes, and with sessions for the most of those")
    func places() {
        let backend = backend(AdmissionQueue(), handshakes: 2, sessions: 3)
        #expect(backend.takePlace() && backend.takePlace() && !backend.takePlace())
        // Each becomes a session; for a moment it counts as both.
        backend.sessionBegan()
        #expect(!backend.hasRoom)
        backend.handshakeEnded()
        backend.sessionBegan()
        backend.handshakeEnded()
        #expect(backend.takePlace() && !backend.takePlace())
        backend.handshakeEnded()
        backend.sessionBegan()
        #expect(!backend.hasRoom)
        backend.sessionEnded()
        #expect(backend.hasRoom)
    }

    @Test("no limit is ever passed by many threads at once, and no place is lost")
    func threads() async {
        let backend = backend(AdmissionQueue(), handshakes: 3)
        let seen = Seen()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<20_000 where backend.takePlace() {
                        seen.enter()
                        backend.handshakeEnded()
                    }
                }
            }
        }
        #expect(seen.most.load(ordering: .relaxed) <= 3 && seen.taken.load(ordering: .relaxed) > 1000)
        #expect(backend.handshakes == 0)
    }

    @Test("who finds no place waits, up to the limit, and an answer that nobody waits for is given on")
    func waits() throws {
        let queue = AdmissionQueue()
        let backend = backend(queue, handshakes: 1)
        // A loop without a worker: nobody is there when the answers come.
        let loop = try EventLoop()
        let waiter = AdmissionQueue.Waiter(only: nil, tried: [], mailbox: loop.mailbox)
        #expect(backend.takePlace())
        for id: UInt64 in 1...3 {
            let outcome = queue.enter([backend], waiter, id: id, limit: 2)
            switch (id, outcome) {
            case (1...2, .waiting), (3, .full): break
            default: Issue.record("\(id): \(outcome)")
            }
        }
        #expect(queue.waiting == 2)
        queue.leave(2)
        queue.leave(2)
        #expect(queue.waiting == 1)
        backend.handshakeEnded()
        #expect(queue.waiting == 0 && backend.handshakes == 1)
        for _ in 0..<3 { loop.turn(limit: 1_000_000) }
        #expect(backend.handshakes == 0)
    }

    @Test("one that drains or rests is given to nobody; who waits for it alone chooses again")
    func out() throws {
        let queue = AdmissionQueue()
        let backend = backend(queue, handshakes: 1)
        let loop = try EventLoop()
        _ = backend.takePlace()
        let alone = AdmissionQueue.Waiter(only: backend, tried: [], mailbox: loop.mailbox)
        let any = AdmissionQueue.Waiter(only: nil, tried: [], mailbox: loop.mailbox)
        let failed = AdmissionQueue.Waiter(only: nil, tried: [backend], mailbox: loop.mailbox)
        for (id, waiter) in [(1, alone), (2, any), (3, failed)] as [(UInt64, AdmissionQueue.Waiter)] {
            guard case .waiting = queue.enter([backend], waiter, id: id, limit: 9) else {
                Issue.record("\(id)")
                continue
            }
        }
        backend.setDraining(true)
        #expect(queue.waiting == 2)
        backend.handshakeEnded()
        // Its place is nobody's, but one looks whether there is another way.
        #expect(queue.waiting == 1 && backend.handshakes == 0)
        backend.setDraining(false)
        // The one that has tried it in vain waits for another.
        #expect(queue.waiting == 1)
    }
}
