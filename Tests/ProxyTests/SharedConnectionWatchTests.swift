import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("Line watch")
struct SharedConnectionWatchTests {
    private static let second: UInt64 = 1_000_000_000

    private func watch(interval: UInt64 = 30, timeout: UInt64 = 15, slow: UInt64 = 0) -> SharedConnectionWatch
    {
        SharedConnectionWatch(
            SharedConnectionWatch.Limits(
                interval: interval * Self.second, timeout: timeout * Self.second,
                slowConsumer: slow * Self.second), now: 0)
    }

    /// Of a connection with 9000 bytes in the kernel, of which so many have been acknowledged.
    private func flow(_ acknowledged: Int64 = 9000) -> Outflow {
        Outflow(held: 0, left: 9000, end: 9000, acknowledged: acknowledged)
    }

    @Test("an idle line is pinged once an interval")
    func idle() {
        var line = watch()
        var pings: [UInt64] = []
        var bytes: UInt64 = 100
        // The first look finds the bytes of the beginning.
        for second in 1...70 {
            let now = UInt64(second) * Self.second
            if line.check(at: now, received: bytes, sent: bytes, waiting: 0, { flow() }) == .ping {
                pings.append(UInt64(second))
                line.ponged()
                bytes += 17
            }
        }
        #expect(pings == [1, 31, 61])
        var silent = watch(interval: 0)
        #expect(silent.check(at: 100 * Self.second, received: 0, sent: 0, waiting: 0, { flow() }) == .wait)
    }

    @Test("a busy line is pinged at every look")
    func busy() {
        var line = watch()
        for second: UInt64 in 1...5 {
            let check = line.check(at: second * Self.second, received: 0, sent: second * 1000, waiting: 0) {
                flow()
            }
            #expect(check == .ping)
            line.ponged()
        }
    }

    @Test("a pong that is late stalls a silent line until anything comes")
    func latePong() {
        var line = watch()
        #expect(line.check(at: 1 * Self.second, received: 0, sent: 1000, waiting: 0, { flow() }) == .ping)
        #expect(!line.isStalled(at: 4 * Self.second))
        #expect(line.isStalled(at: 4 * Self.second + 1))
        #expect(line.check(at: 5 * Self.second, received: 0, sent: 2000, waiting: 0, { flow() }) == .wait)
        #expect(line.isStalled(at: 5 * Self.second))
        #expect(line.check(at: 6 * Self.second, received: 1, sent: 2000, waiting: 0, { flow() }) == .wait)
        #expect(!line.isStalled(at: 6 * Self.second))
        line.ponged()
        #expect(!line.isStalled(at: 60 * Self.second))
    }

    @Test("a backend that is busy and slow with its pongs stalls nothing")
    func busyBackend() {
        var line = watch()
        #expect(line.check(at: 1 * Self.second, received: 0, sent: 1000, waiting: 0, { flow() }) == .ping)
        for second: UInt64 in 2...14 {
            _ = line.check(at: second * Self.second, received: second * 100, sent: second * 1000, waiting: 0)
            { flow() }
            #expect(!line.isStalled(at: second * Self.second))
        }
    }

    @Test("bytes that wait without progress stall the line, and any progress ends that")
    func noProgress() {
        var line = watch(interval: 0)
        for second: UInt64 in 1...3 {
            _ = line.check(at: second * Self.second, received: 100 * second, sent: 9000, waiting: 5000) {
                flow()
            }
            #expect(!line.isStalled(at: second * Self.second))
        }
        _ = line.check(at: 4 * Self.second, received: 400, sent: 9000, waiting: 5000, { flow() })
        #expect(line.isStalled(at: 4 * Self.second))
        // As many wait as before, but they are others.
        _ = line.check(at: 5 * Self.second, received: 500, sent: 9500, waiting: 5500, { flow() })
        #expect(line.isStalled(at: 5 * Self.second))
        _ = line.check(at: 6 * Self.second, received: 600, sent: 14_000, waiting: 5000, { flow() })
        #expect(!line.isStalled(at: 6 * Self.second))
        _ = line.check(at: 12 * Self.second, received: 700, sent: 14_000, waiting: 0, { flow() })
        #expect(!line.isStalled(at: 12 * Self.second))
    }

    @Test("no pong and not a byte for the timeout is death; bytes are life")
    func death() {
        var line = watch()
        #expect(line.check(at: 1 * Self.second, received: 0, sent: 1000, waiting: 0, { flow() }) == .ping)
        #expect(line.check(at: 10 * Self.second, received: 50, sent: 1000, waiting: 0, { flow() }) == .wait)
        #expect(line.check(at: 25 * Self.second, received: 50, sent: 1000, waiting: 0, { flow() }) == .wait)
        #expect(line.check(at: 26 * Self.second, received: 50, sent: 1000, waiting: 0, { flow() }) == .dead)
        var patient = watch(timeout: 0)
        #expect(patient.check(at: 1 * Self.second, received: 0, sent: 1000, waiting: 0, { flow() }) == .ping)
        #expect(
            patient.check(at: 900 * Self.second, received: 0, sent: 1000, waiting: 0, { flow() }) == .wait)
    }

    @Test("one that takes what was sent is not dead, though it owes a pong and says nothing")
    func taking() {
        var line = watch()
        #expect(line.check(at: 1 * Self.second, received: 0, sent: 9000, waiting: 0) { flow(0) } == .ping)
        for second: UInt64 in 2...60 {
            let check = line.check(
                at: second * Self.second, received: 0, sent: 9000, waiting: 0
            ) { flow(Int64(second) * 100) }
            #expect(check == .wait)
        }
        var last = SharedConnectionWatch.OnCheck.wait
        var second: UInt64 = 60
        while last == .wait, second < 100 {
            second += 1
            last = line.check(at: second * Self.second, received: 0, sent: 9000, waiting: 0) { flow(6000) }
        }
        #expect(last == .dead && second <= 60 + 31)
    }

    @Test("a line is slow, not stuck, as long as the peer's kernel takes something")
    func slowLine() {
        var line = watch(interval: 0, slow: 30)
        for second: UInt64 in 1...60 {
            let check = line.check(
                at: second * Self.second, received: 0, sent: 9000 + 17, waiting: 17
            ) { flow(Int64(second) * 100) }
            #expect(check == .wait)
        }
        #expect(!line.isStalled(at: 60 * Self.second))
        var last = SharedConnectionWatch.OnCheck.wait
        var second: UInt64 = 60
        while last == .wait, second < 200 {
            second += 1
            last = line.check(
                at: second * Self.second, received: 0, sent: 9000 + 17, waiting: 17
            ) { flow(6000) }
        }
        #expect(last == .unread && second <= 60 + 34)
    }
}
