import Routing
import Testing

@Suite("Waiting line")
struct WaitingQueueTests {
    @Test("first come, first served, among those who fit")
    func order() {
        var line = WaitingQueue<String>()
        for (id, name) in [(1, "any"), (2, "b"), (3, "a"), (4, "any")] as [(UInt64, String)] {
            line.append(name, id: id)
        }
        let taken = ["b", "a", "any", "any", "any"].map { wanted in
            line.take { $0 == wanted }?.id
        }
        #expect(taken == [2, 3, 1, 4, nil] && line.count == 0)
    }

    @Test("who leaves is skipped, and is told apart from who was served")
    func leaving() {
        var line = WaitingQueue<Int>()
        for id in 1...3 { line.append(0, id: UInt64(id)) }
        #expect(line.remove(1) != nil && line.remove(1) == nil)
        #expect(line.take { _ in true }?.id == 2 && line.remove(2) == nil)
        #expect(line.count == 1)
    }

    @Test("all that fit are taken, in order")
    func all() {
        var line = WaitingQueue<Int>()
        for id in 0..<10 { line.append(id % 3, id: UInt64(id)) }
        #expect(line.takeAll { $0 == 1 }.map(\.id) == [1, 4, 7] && line.count == 7)
    }

    @Test("a long life leaves no trace: ids of those served are dropped")
    func long() {
        var line = WaitingQueue<Int>()
        for id in 0..<5000 {
            line.append(id, id: UInt64(id))
            if id >= 100 { #expect(line.take { _ in true }?.waiter == id - 100) }
        }
        #expect(line.count == 100)
    }

    @Test("one who waits for ever does not make leaving dear: a hundred thousand come and go behind")
    func patience() {
        var line = WaitingQueue<Int>()
        line.append(-1, id: .max)
        for id in 0..<100_000 {
            line.append(id, id: UInt64(id))
            if id >= 100 { #expect(line.remove(UInt64(id - 100)) == id - 100) }
        }
        var looks = 0
        #expect(
            line.take {
                looks += 1; return $0 > 0
            }?.waiter == 99_900)
        #expect(looks == 2 && line.count == 100 && line.next == -1 && !line.isEmpty)
    }
}
