import Testing

@testable import Proxy

@Suite("Multiplex machine")
struct MultiplexMachineTests {
    /// A machine with these lines open.
    private func machine(_ lines: Int, most: Int = 4, streams: Int = 10, keepsOne: Bool = false)
        -> MultiplexMachine
    {
        var machine = MultiplexMachine(connections: most, streams: streams, keepsOne: keepsOne)
        for _ in 0..<lines {
            guard let id = machine.open(waiting: 1000) else { break }
            machine.opened(id, capacity: .max)
        }
        return machine
    }

    @Test("nothing is open before it is needed, unless one is to be kept")
    func first() {
        var lazy = machine(0)
        #expect(lazy.open(waiting: 0) == nil)
        #expect(lazy.place() == .wait)
        #expect(lazy.open(waiting: 1) == 1)
        #expect(lazy.open(waiting: 1) == nil)
        var ready = machine(0, keepsOne: true)
        #expect(ready.open(waiting: 0) == 1)
        #expect(ready.open(waiting: 0) == nil)
    }

    @Test("a crowd that waits opens as many lines as it needs")
    func crowd() {
        var crowded = machine(0)
        #expect((0..<6).map { _ in crowded.open(waiting: 37) } == [1, 2, 3, 4, nil, nil])
        var fewer = machine(0)
        #expect((0..<3).map { _ in fewer.open(waiting: 12) } == [1, 2, nil])
    }

    @Test("streams go to the line that carries most and has room")
    func together() {
        var two = machine(2)
        #expect((0..<10).allSatisfy { _ in two.place() == .connection(1) })
        #expect([two.place(), two.place()] == [.connection(2), .connection(2)])
        #expect(two.ended(on: 1) == false)
        #expect([two.place(), two.place()] == [.connection(1), .connection(2)])
        #expect(two.carried == 13)
    }

    @Test("another line is opened when the last place is taken, and not before")
    func another() {
        var one = machine(1)
        for _ in 0..<9 { _ = one.place() }
        #expect(one.open(waiting: 0) == nil)
        _ = one.place()
        #expect(one.open(waiting: 0) == 2)
        #expect(one.open(waiting: 0) == nil)
        // Until it stands nobody has a place.
        #expect(one.place() == .wait)
        one.opened(2, capacity: 100)
        #expect(one.place() == .connection(2))
    }

    @Test("the peer's limit holds, and may change")
    func capacity() {
        var one = machine(1, most: 1)
        one.opened(1, capacity: 2)
        #expect([one.place(), one.place(), one.place()] == [.connection(1), .connection(1), .full])
        one.opened(1, capacity: 3)
        #expect(one.place() == .connection(1))
        one.opened(1, capacity: 0)
        #expect(one.place() == .full)
        _ = one.ended(on: 1)
        #expect(one.place() == .full)
    }

    @Test("a line that leaves keeps its streams, gets none, is replaced, and closed with the last")
    func leaves() {
        var one = machine(1, most: 1)
        #expect(one.place() == .connection(1))
        #expect(one.place() == .connection(1))
        #expect(one.leaves(1) == false)
        #expect(one.place() == .wait)
        #expect(one.open(waiting: 1) == 2)
        one.opened(2, capacity: 10)
        #expect(one.place() == .connection(2))
        #expect(one.ended(on: 1) == false)
        #expect(one.ended(on: 1) == true)
        var idle = machine(1)
        #expect(idle.leaves(1) == true)
    }

    @Test("a stalled line gets no streams and is replaced, up to twice the number of lines")
    func stalls() {
        var one = machine(1, most: 1)
        #expect(one.place() == .connection(1))
        #expect(one.stalls(1, true) == nil)
        #expect(one.place() == .wait)
        #expect(one.open(waiting: 1) == 2)
        one.opened(2, capacity: 10)
        #expect(one.place() == .connection(2))
        #expect(one.stalls(2, true) == nil)
        #expect(one.place() == .full)
        #expect(one.open(waiting: 1) == nil)
        #expect(one.stalls(1, false) == nil)
        #expect(one.place() == .connection(1))
    }

    @Test(
        "a line that gets on beside its replacement makes one too many: the one with fewest streams is left")
    func recovers() {
        var one = machine(1, most: 1)
        #expect([one.place(), one.place()] == [.connection(1), .connection(1)])
        #expect(one.stalls(1, true) == nil)
        #expect(one.open(waiting: 1) == 2)
        one.opened(2, capacity: 10)
        #expect(one.place() == .connection(2))
        #expect(one.stalls(1, false) == nil)
        #expect([one.place(), one.place()] == [.connection(1), .connection(1)])
        #expect(one.ended(on: 2) == true)
        var empty = machine(1, most: 1)
        #expect(empty.stalls(1, true) == nil)
        #expect(empty.open(waiting: 1) == 2)
        empty.opened(2, capacity: 10)
        #expect(empty.place() == .connection(2))
        #expect(empty.stalls(1, false) == 1)
    }

    @Test("a lost line is forgotten with its streams")
    func lost() {
        var two = machine(2)
        _ = two.place()
        two.lost(1)
        #expect(two.count == 1)
        #expect(two.carried == 0)
        #expect(two.ended(on: 1) == false)
        #expect(two.place() == .connection(2))
    }

    @Test("spare lines may be closed, all but the one to be kept")
    func spare() {
        var two = machine(2, keepsOne: true)
        #expect(two.isSpare(1))
        _ = two.place()
        #expect(!two.isSpare(1))
        #expect(two.isSpare(2))
        two.lost(2)
        _ = two.ended(on: 1)
        #expect(!two.isSpare(1))
        #expect(machine(1).isSpare(1))
        #expect(!two.isSpare(7))
    }
}
