import Glibc
import Testing

@testable import EventLoop

@Suite("Lines that take descriptors to other processes")
struct DescriptorLineTests {
    private final class Taken {
        var words: [[UInt8]] = []
        var sockets: [MovedSocket?] = []
    }

    private func memory(_ bytes: [UInt8]) throws -> HandedMemory {
        try HandedMemory(capacity: 64) { output in for byte in bytes { output.append(byte) } }
    }

    private func inbox(_ number: Int32, _ loop: EventLoop, _ sockets: SocketBudget = SocketBudget()) -> (
        DescriptorInbox, Taken
    ) {
        let taken = Taken()
        let inbox = DescriptorInbox(number, largest: 32, sockets: sockets, on: loop) { memory, socket in
            taken.words.append(memory.read { bytes in bytes.indices.map { bytes[$0] } })
            taken.sockets.append(socket)
        }
        return (inbox, taken)
    }

    @Test("what is told to several arrives whole at each, though whoever reads it wipes it")
    func several() throws {
        let loop = try EventLoop()
        var inboxes: [(DescriptorInbox, Taken)] = []
        for _ in 0..<3 {
            let (line, number) = try DescriptorLine.pair()
            #expect(
                line.send(nil, at: 0, capacity: 8) { output in
                    output.append(7)
                    output.append(9)
                    return true
                })
            #expect(!line.send(nil, at: 0, capacity: 8) { _ in false })
            inboxes.append(inbox(number, loop))
        }
        loop.turn(limit: 0)
        for (_, taken) in inboxes { #expect(taken.words == [[7, 9]]) }
    }

    @Test("memory arrives in order, each once, and what is too large is left out")
    func words() throws {
        let loop = try EventLoop()
        let (line, number) = try DescriptorLine.pair()
        let (inbox, taken) = inbox(number, loop)
        for word in 1...20 as ClosedRange<UInt8> {
            let sent = try memory([word, 7])
            #expect(line.send(sent, nil, at: 0))
            guard word == 10 else { continue }
            let large = try memory(Array(repeating: 1, count: 33))
            #expect(line.send(large, nil, at: 0))
        }
        loop.turn(limit: 0)
        #expect(taken.words == (1...20).map { [$0, 7] } && taken.sockets.allSatisfy { $0 == nil })
        withExtendedLifetime(inbox) {}
    }

    @Test("a connection goes along, counts where it arrives, and the one that sent it can close its own")
    func connections() throws {
        let loop = try EventLoop()
        let budget = SocketBudget()
        let (line, number) = try DescriptorLine.pair()
        let (inbox, taken) = inbox(number, loop, budget)
        var ends: [Int32] = [-1, -1]
        #expect(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { Glibc.close(ends[1]) }
        do {
            let socket = MovedSocket(ends[0], budget: nil)
            let word = try memory([1])
            #expect(line.send(word, socket, at: 0))
        }
        loop.turn(limit: 0)
        #expect(taken.sockets.count == 1 && budget.clients == 1)
        var byte: UInt8 = 9
        #expect(unsafe write(ends[1], &byte, 1) == 1)
        let got = taken.sockets[0]?.lend { number in unsafe read(number, &byte, 1) == 1 }
        #expect(got == true)
        taken.sockets = []
        let left = unsafe read(ends[1], &byte, 1)
        #expect(budget.clients == 0 && left == 0)
        withExtendedLifetime(inbox) {}
    }

    @Test("one that may have no more connections closes them")
    func full() throws {
        let loop = try EventLoop()
        let budget = SocketBudget()
        budget.limits = .init(all: 10, clients: 0)
        let (line, number) = try DescriptorLine.pair()
        let (inbox, taken) = inbox(number, loop, budget)
        var ends: [Int32] = [-1, -1]
        #expect(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { Glibc.close(ends[1]) }
        let word = try memory([1])
        do { #expect(line.send(word, MovedSocket(ends[0], budget: nil), at: 0)) }
        loop.turn(limit: 0)
        var byte: UInt8 = 0
        let left = unsafe read(ends[1], &byte, 1)
        #expect(taken.sockets.isEmpty && left == 0)
        withExtendedLifetime(inbox) {}
    }

    @Test("whoever takes nothing gets nothing after a while, and never makes anybody wait")
    func stopped() throws {
        let (line, number) = try DescriptorLine.pair()
        let word = try memory([1])
        #expect(line.send(word, nil, at: 5))
        #expect(line.send(word, nil, at: 5 + DescriptorLine.patience - 1))
        #expect(!line.send(word, nil, at: 5 + DescriptorLine.patience))
        // It goes on.
        let loop = try EventLoop()
        let (inbox, taken) = inbox(number, loop)
        loop.turn(limit: 0)
        #expect(taken.words.count == 2)
        #expect(line.send(word, nil, at: 10 * DescriptorLine.patience))
        // A queue is not without end.
        #expect((0..<100_000).contains { _ in !line.send(word, nil, at: 10 * DescriptorLine.patience) })
        withExtendedLifetime(inbox) {}
    }

    @Test("one whose other end is gone says so")
    func gone() throws {
        let (line, number) = try DescriptorLine.pair()
        #expect(line.isOpen)
        Glibc.close(number)
        let word = try memory([1])
        #expect(!line.isOpen && !line.send(word, nil, at: 0))
    }

    @Test("what was inherited is taken where it is such a socket, and else left alone")
    func inherited() throws {
        let (line, number) = try DescriptorLine.pair()
        let again = DescriptorLine(inherited: dup(line.number))
        #expect(again?.isOpen == true && DescriptorInbox.takes(number))
        Glibc.close(number)
        for other: Int32 in [-1, 0, 2, 9999] {
            #expect(DescriptorLine(inherited: other) == nil && !DescriptorInbox.takes(other))
        }
        let memory = try memory([1])
        #expect(DescriptorLine(inherited: memory.number) == nil)
        withExtendedLifetime(memory) {}
    }
}
