import Testing
import WebSocketProtocol

/// Random walks under a manual clock: what really happened is written down beside, and each verdict is held against it.
@Suite("Progress over random walks")
struct ProgressWalkTests {
    /// A peer behind a transport: bytes wait in our memory, then in the kernel, then are acknowledged.
    private struct World {
        var now: UInt64 = 0
        var flow = Outflow()
        var isReading = true
        var isMidFrame = false
        /// When the peer last gave a sign of life, by a byte or by taking one that was no Ping.
        var lastMoved: UInt64 = 0
        var readingSince: UInt64 = 0
        /// When the Ping left our memory.
        var pingLeft: UInt64?
        var pingAt: UInt64?
        var isPingHeld = false

        mutating func give(_ count: Int) {
            flow.held += count
            settle()
        }

        private mutating func settle() {
            flow.end = Int64(flow.left) + Int64(flow.held)
            flow.unsent = flow.held
        }

        mutating func leave(_ count: Int) {
            let count = min(count, flow.held)
            flow.held -= count
            flow.left += UInt64(count)
            settle()
            if let at = pingAt, flow.left > at, pingLeft == nil { pingLeft = now }
        }
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 31)
        }
    }

    @Test(
        "nobody is dead who was not asked, could not answer, or moved",
        arguments: 1...60 as ClosedRange<UInt64>)
    func justice(seed: UInt64) {
        var random = Generator(state: seed)
        let (interval, timeout): (UInt64, UInt64) = (200, 80)
        var progress = Progress(interval: interval, timeout: timeout, now: 0)
        var world = World()
        for _ in 0..<20_000 {
            world.now += UInt64.random(in: 0...9, using: &random)
            step(&world, &progress, Int.random(in: 0...40, using: &random), &random)
            guard let due = progress.nextCheck, world.now >= due else { continue }
            switch progress.check(at: world.now, { world.flow }) {
            case .wait: #expect((progress.nextCheck ?? .max) > world.now)
            case .ping: ask(&world, &progress)
            case .stuck: Issue.record("nobody said how long that may take")
            case .dead:
                #expect(world.isReading && world.now - world.readingSince >= timeout)
                #expect(world.now - world.lastMoved >= timeout)
                #expect(world.pingLeft != nil || Int64(world.flow.left) > world.flow.acknowledged)
                progress = Progress(interval: interval, timeout: timeout, now: world.now)
                world.lastMoved = world.now
                (world.pingAt, world.pingLeft, world.isPingHeld) = (nil, nil, false)
            }
        }
    }

    private func ask(_ world: inout World, _ progress: inout Progress) {
        guard !world.isMidFrame else {
            world.isPingHeld = true
            return progress.withheld(at: world.now)
        }
        world.isPingHeld = false
        progress.asked(at: world.now, world.flow)
        world.pingAt = world.flow.left + UInt64(world.flow.held)
        world.pingLeft = nil
        world.give(11)
        world.leave(world.flow.held < 50 ? 11 : 0)
    }

    private func step(
        _ world: inout World, _ progress: inout Progress, _ choice: Int, _ random: inout Generator
    ) {
        switch choice {
        case 0 where world.isReading:
            progress.heard(at: world.now)
            world.lastMoved = world.now
        case 1: world.give(Int.random(in: 200...5000, using: &random))
        case 2...5: world.leave(Int.random(in: 1...3000, using: &random))
        case 6...7:
            let outstanding = Int64(world.flow.left) - world.flow.acknowledged
            // Only a Ping's worth is nobody's doing.
            if outstanding > 128 { world.lastMoved = world.now }
            if outstanding > 0 {
                world.flow.acknowledged += Int64.random(in: 1...outstanding, using: &random)
            }
        case 8:
            world.isReading.toggle()
            if world.isReading {
                progress.reads(at: world.now)
                world.readingSince = world.now
            } else {
                progress.stopsReading(at: world.now)
            }
        case 9:
            world.isMidFrame.toggle()
            if !world.isMidFrame, world.isPingHeld { ask(&world, &progress) }
        default: break
        }
    }

    @Test("one that is gone is found in the end", arguments: 1...60 as ClosedRange<UInt64>)
    func death(seed: UInt64) {
        var random = Generator(state: seed)
        let (interval, timeout): (UInt64, UInt64) = (200, 80)
        var progress = Progress(interval: interval, timeout: timeout, now: 0)
        var world = World()
        for _ in 0..<2000 {
            world.now += UInt64.random(in: 0...9, using: &random)
            step(&world, &progress, Int.random(in: 0...40, using: &random), &random)
            guard let due = progress.nextCheck, world.now >= due else { continue }
            if progress.check(at: world.now, { world.flow }) == .ping { ask(&world, &progress) }
        }
        // Whatever it was in the midst of: from here on it is read, all has left us, and nothing moves.
        if !world.isReading { progress.reads(at: world.now) }
        if world.isMidFrame {
            world.isMidFrame = false
            if world.isPingHeld { ask(&world, &progress) }
        }
        world.leave(.max)
        let began = world.now
        var isDead = false
        while !isDead, let due = progress.nextCheck, world.now < began + 10_000 {
            world.now = max(due, world.now)
            switch progress.check(at: world.now, { world.flow }) {
            case .wait: break
            case .ping:
                ask(&world, &progress)
                world.leave(.max)
            case .dead, .stuck: isDead = true
            }
        }
        #expect(isDead && world.now - began <= interval + 3 * timeout)
    }
}
