import Testing

@testable import Proxy

@Suite("Gathering of a line's frames")
struct GatherMachineTests {
    private static let start: UInt64 = 1_000_000_000
    private static let microsecond: UInt64 = 1_000

    /// Bits of streams.
    private func streams(_ places: Range<UInt64>) -> UInt64 {
        places.reduce(0) { $0 | 1 << ($1 & 63) }
    }

    /// A machine that has just seen so many streams write, one after the other, and the time then.
    private func busy(_ count: UInt64, atMost: UInt64 = GatherMachine.longest) -> (GatherMachine, UInt64) {
        var machine = GatherMachine(atMost: atMost)
        for place in 0..<count {
            _ = machine.turnEnded(streams: streams(place..<place + 1), bytes: 100, at: Self.start + place)
        }
        // The wait that the last of them began has passed.
        let later = Self.start + GatherMachine.longest + count
        _ = machine.turnEnded(streams: 1, bytes: 100, at: later)
        return (machine, later + Self.microsecond)
    }

    @Test("a lone session never waits, however fast it sends", arguments: [1, 20, 200, 5_000, 2_000_000])
    func alone(distance: UInt64) {
        var machine = GatherMachine(atMost: GatherMachine.longest)
        for number in 0..<5_000 as Range<UInt64> {
            let now = Self.start + number * distance * Self.microsecond
            #expect(machine.turnEnded(streams: 1 << 9, bytes: 120, at: now) == .leave)
        }
    }

    @Test("a session that is alone again does not wait for those that have stopped")
    func aloneAgain() {
        var (machine, now) = busy(30)
        now += 2 * GatherMachine.span
        #expect(machine.turnEnded(streams: 1, bytes: 120, at: now) == .leave)
        for number in 0..<1_000 as Range<UInt64> {
            let later = now + number * 100 * Self.microsecond
            #expect(machine.turnEnded(streams: 1, bytes: 120, at: later) == .leave)
        }
    }

    @Test("few sessions never wait")
    func few() {
        var machine = GatherMachine(atMost: GatherMachine.longest)
        for number in 0..<1_000 as Range<UInt64> {
            let place = number % UInt64(GatherMachine.leastStreams - 1)
            let now = Self.start + number * 50 * Self.microsecond
            #expect(machine.turnEnded(streams: 1 << place, bytes: 120, at: now) == .leave)
        }
    }

    @Test("among many the first waits from when it came, for as long as may be and no longer")
    func many() {
        var (machine, now) = busy(30)
        let until = now + GatherMachine.longest
        #expect(machine.turnEnded(streams: 0b1, bytes: 120, at: now) == .wait(until: until))
        #expect(
            machine.turnEnded(streams: 0b11, bytes: 240, at: now + 400_000) == .wait(until: until))
        #expect(machine.turnEnded(streams: 0b11, bytes: 240, at: until - 1) == .wait(until: until))
        #expect(machine.turnEnded(streams: 0b11, bytes: 240, at: until) == .leave)
        // What comes next waits for itself.
        let next = until + 10
        let expected = GatherMachine.OnTurnEnd.wait(until: next + GatherMachine.longest)
        #expect(machine.turnEnded(streams: 0b1, bytes: 120, at: next) == expected)
    }

    @Test("where a few are there, they wait for more only a moment, counted from when the first came")
    func fewAreThere() {
        let (quick, now) = busy(30)
        var machine = quick
        let few = streams(0..<UInt64(GatherMachine.fewStreams))
        let until = now + GatherMachine.shortest
        _ = machine.turnEnded(streams: 0b1, bytes: 120, at: now)
        #expect(machine.turnEnded(streams: few, bytes: 360, at: now + 100_000) == .wait(until: until))
        #expect(machine.turnEnded(streams: few, bytes: 360, at: until - 1) == .wait(until: until))
        #expect(machine.turnEnded(streams: few, bytes: 360, at: until) == .leave)
        // Later ones go with the one that has waited long enough already.
        machine = quick
        _ = machine.turnEnded(streams: 0b1, bytes: 120, at: now)
        #expect(machine.turnEnded(streams: few, bytes: 360, at: now + 600_000) == .leave)
    }

    @Test("enough streams, enough bytes, or all that write leave at once")
    func enough() {
        let (many, now) = busy(30)
        var machine = many
        let most = UInt64(GatherMachine.enoughStreams)
        #expect(machine.turnEnded(streams: streams(0..<most), bytes: 1_000, at: now) == .leave)
        machine = many
        #expect(machine.turnEnded(streams: 1, bytes: GatherMachine.enoughBytes, at: now) == .leave)
        var (ten, later) = busy(10)
        if case .leave = ten.turnEnded(streams: streams(0..<9), bytes: 1_000, at: later) {
            Issue.record("nine of ten left")
        }
        later += 10 * Self.microsecond
        #expect(ten.turnEnded(streams: streams(0..<10), bytes: 1_000, at: later) == .leave)
    }

    @Test("what the connection has to say by itself does not wait, nor anything where it is switched off")
    func never() {
        var (machine, now) = busy(30)
        #expect(machine.turnEnded(streams: 0, bytes: 0, at: now) == .leave)
        var (off, then) = busy(30, atMost: 0)
        #expect(off.turnEnded(streams: 1, bytes: 120, at: then) == .leave)
        // A longer wait than there may be is cut.
        var (long, at) = busy(30, atMost: 1 << 40)
        #expect(
            long.turnEnded(streams: 1, bytes: 120, at: at) == .wait(until: at + GatherMachine.longest))
    }

    @Test("nothing ever waits longer than it may, in whatever order streams write")
    func walk() {
        var random = SystemRandomNumberGenerator()
        var machine = GatherMachine(atMost: 700_000)
        var (now, waiting, first) = (Self.start, UInt64(0), nil as UInt64?)
        for _ in 0..<50_000 {
            now += .random(in: 0...200_000, using: &random)
            if let first { now = min(now, first + 700_000) }
            waiting |= 1 << UInt64.random(in: 0..<40, using: &random)
            let start = first ?? now
            switch machine.turnEnded(streams: waiting, bytes: 100, at: now) {
            case .wait(let until):
                let areFew = waiting.nonzeroBitCount >= GatherMachine.fewStreams
                let wait = areFew ? GatherMachine.shortest : 700_000
                #expect(until == start + wait && until > now)
                first = start
            case .leave: (waiting, first) = (0, nil)
            }
        }
    }
}
