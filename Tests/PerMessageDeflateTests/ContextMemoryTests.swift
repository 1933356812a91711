import BasicContainers
import HTTPProtocol
import PerMessageDeflate
import Testing

/// One side of a conversation: what it sends is deflated and, by the other's inflater, read again.
private final class Line: ContextHolder {
    var memoryPlace: ContextMemory.Place
    private(set) var counted = 0
    /// How often it was asked to give something back.
    private(set) var asked = 0
    private var deflater: Deflater
    private var inflater: Inflater

    init(
        _ offer: String = "permessage-deflate; client_max_window_bits=12", in arena: ContextArena,
        share: ContextShare? = nil
    ) throws {
        memoryPlace = ContextMemory.Place(in: share)
        let offers = try HeaderGrammar.extensions([offer])
        let agreement = try #require(Negotiation.agree(to: offers, DeflateOptions()))
        deflater = Deflater(agreement.fromClient, DeflateOptions(), in: arena)
        inflater = Inflater(agreement.fromClient, limits: InflateLimits(), in: arena)
    }

    var heldBytes: Int { deflater.heldBytes + inflater.heldBytes }

    var holdsContext: Bool { deflater.holdsContext || inflater.holdsState }

    func counted(_ bytes: Int) { counted = bytes }

    func releaseIdleContexts() {
        asked += 1
        deflater.releaseContext()
        inflater.releaseState()
    }

    /// What the other side makes of a message, and how many bytes it took.
    func carry(_ message: [UInt8]) throws -> ([UInt8], Int) {
        var packed = UniqueArray<UInt8>()
        let isPacked = deflater.compress(message.span, endOfMessage: true, appendingTo: &packed)
        #expect(isPacked)
        var plain = UniqueArray<UInt8>()
        var position = 0
        let end = try inflater.inflate(
            packed.span, from: &position, endOfMessage: true, room: 1 << 20, appendingTo: &plain)
        #expect(end == .messageComplete)
        return ((0..<plain.count).map { plain[$0] }, packed.count)
    }
}

struct ContextMemoryTests {
    private let message = Array(String(repeating: #"{"symbol":"ALBA","price":182.4}"#, count: 9).utf8)

    @Test func whereThereIsNoMemoryTheOldestGiveTheirsBackSomeAtATime() throws {
        let memory = ContextMemory(budget: 0)
        let lines = try (0..<70).map { _ in try Line(in: memory.arena) }
        for line in lines {
            _ = try line.carry(message)
            memory.touched(line)
        }
        let before = memory.used
        memory.giveUpOldest(sparing: lines[0])
        // 64 are looked at, the one that is spared among them.
        #expect(
            lines.map(\.holdsContext) == [true] + Array(repeating: false, count: 63)
                + Array(repeating: true, count: 6))
        #expect(memory.used < before)
        memory.giveUpOldest(sparing: nil)
        #expect(!lines[0].holdsContext)
        for line in lines {
            #expect(try line.carry(message).0 == message)
            memory.forget(line)
        }
        #expect(memory.used == 0)
    }

    /// Whatever the parameters, a receiver can't tell whether the sender's context or its own state was dropped after
    /// every single message: it reads what a pair reads that keeps both.
    @Test(arguments: [
        "permessage-deflate", "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9",
        "permessage-deflate; client_no_context_takeover", "permessage-deflate; server_no_context_takeover",
    ])
    func streamsStayRightWhenEverythingIsFreedAtEveryMessage(offer: String) throws {
        let evicting = ContextMemory(budget: 1)
        let lines = try (0..<3).map { _ in try Line(offer, in: evicting.arena) }
        let kept = try (0..<3).map { _ in try Line(offer, in: evicting.arena) }
        for turn in 0..<90 {
            let index = turn % 3
            var sent = Array("\(turn)".utf8)
            for _ in 0..<(turn % 7) { sent += message }
            let (received, _) = try lines[index].carry(sent)
            let (unbroken, _) = try kept[index].carry(sent)
            #expect(received == sent)
            #expect(unbroken == sent)
            evicting.touched(lines[index])
            #expect(!lines[index].holdsContext)
        }
        // Windows must be kept, contexts not.
        #expect(evicting.used < 3 * 33_000)
    }

    @Test func theOldestIsFreedFirst() throws {
        let memory = ContextMemory(budget: 120_000)
        let lines = try (0..<3).map { _ in try Line(in: memory.arena) }
        for line in lines {
            _ = try line.carry(message)
            memory.touched(line)
        }
        #expect(memory.used <= 120_000)
        #expect(lines[0].heldBytes < 5000)
        #expect(lines[2].heldBytes > 40_000)
        let again = lines[0]
        _ = try again.carry(message)
        memory.touched(again)
        #expect(lines[1].heldBytes < 5000)
        #expect(again.heldBytes > 40_000)
    }

    @Test func roomIsMadeOrRefusedAndWhatGoesIsGone() throws {
        let memory = ContextMemory(budget: 60_000)
        let line = try Line(in: memory.arena)
        _ = try line.carry(message)
        memory.touched(line)
        let refused = memory.makeRoom(for: 50_000, sparing: line)
        let made = memory.makeRoom(for: 50_000, sparing: nil)
        #expect(!refused)
        #expect(made)
        memory.forget(line)
        #expect(memory.used == 0)
        #expect(memory.pressure == 0)
    }

    /// More windows than the budget: each message costs the same all the same, however many there are.
    @Test func whoMustKeepWhatIsLeftIsNotAskedForItAgain() throws {
        let memory = ContextMemory(budget: 1)
        let lines = try (0..<50).map { _ in try Line(in: memory.arena) }
        for _ in 0..<4 {
            for line in lines {
                _ = try line.carry(message)
                memory.touched(line)
            }
        }
        #expect(memory.used > 1)
        #expect(lines.allSatisfy { $0.asked == 4 && $0.counted == $0.heldBytes })
    }

    @Test(arguments: [(0.0, 12, true), (0.5, 11, true), (0.75, 10, true), (0.9, 10, false)])
    func answersShrinkAsMemoryFills(pressure: Double, bits: Int, takeover: Bool) throws {
        let options = try #require(DeflateOptions().shrunk(at: pressure))
        #expect(options.windowBits == bits)
        #expect(options.contextTakeover == takeover)
    }

    @Test func aFullMemoryDeclines() { #expect(DeflateOptions().shrunk(at: 1) == nil) }
}
