import Testing

@testable import Proxy

@Suite("Line watch")
struct LineWatchTests {
    private static let second: UInt64 = 1_000_000_000

    private func watch(interval: UInt64 = 30, timeout: UInt64 = 15) -> LineWatch {
        LineWatch(interval: interval * Self.second, timeout: timeout * Self.second, now: 0)
    }

    @Test("an idle line is pinged once an interval")
    func idle() {
        var line = watch()
        var pings: [UInt64] = []
        var bytes: UInt64 = 100
        // The first look finds the bytes of the beginning.
        for second in 1...70 {
            let now = UInt64(second) * Self.second
            if line.check(at: now, received: bytes, sent: bytes, waiting: 0) == .ping {
                pings.append(UInt64(second))
                line.ponged()
                bytes += 17
            }
        }
        #expect(pings == [1, 31, 61])
        var silent = watch(interval: 0)
        #expect(silent.check(at: 100 * Self.second, received: 0, sent: 0, waiting: 0) == .wait)
    }

    @Test("a busy line is pinged at every look")
    func busy() {
        var line = watch()
        for second: UInt64 in 1...5 {
            let check = line.check(at: second * Self.second, received: 0, sent: second * 1000, waiting: 0)
            #expect(check == .ping)
            line.ponged()
        }
    }

    @Test("a pong that is late stalls a silent line until anything comes")
    func latePong() {
        var line = watch()
        #expect(line.check(at: 1 * Self.second, received: 0, sent: 1000, waiting: 0) == .ping)
        #expect(!line.isStalled(at: 4 * Self.second))
        #expect(line.isStalled(at: 4 * Self.second + 1))
        #expect(line.check(at: 5 * Self.second, received: 0, sent: 2000, waiting: 0) == .wait)
        #expect(line.isStalled(at: 5 * Self.second))
        #expect(line.check(at: 6 * Self.second, received: 1, sent: 2000, waiting: 0) == .wait)
        #expect(!line.isStalled(at: 6 * Self.second))
        line.ponged()
        #expect(!line.isStalled(at: 60 * Self.second))
    }

    @Test("a backend that is busy and slow with its pongs stalls nothing")
    func busyBackend() {
        var line = watch()
        #expect(line.check(at: 1 * Self.second, received: 0, sent: 1000, waiting: 0) == .ping)
        for second: UInt64 in 2...14 {
            _ = line.check(at: second * Self.second, received: second * 100, sent: second * 1000, waiting: 0)
            #expect(!line.isStalled(at: second * Self.second))
        }
    }

    @Test("bytes that wait without progress stall the line, and any progress ends that")
    func noProgress() {
        var line = watch(interval: 0)
        for second: UInt64 in 1...3 {
            _ = line.check(at: second * Self.second, received: 100 * second, sent: 9000, waiting: 5000)
            #expect(!line.isStalled(at: second * Self.second))
        }
        _ = line.check(at: 4 * Self.second, received: 400, sent: 9000, waiting: 5000)
        #expect(line.isStalled(at: 4 * Self.second))
        // As many wait as before, but they are others.
        _ = line.check(at: 5 * Self.second, received: 500, sent: 9500, waiting: 5500)
        #expect(line.isStalled(at: 5 * Self.second))
        _ = line.check(at: 6 * Self.second, received: 600, sent: 14_000, waiting: 5000)
        #expect(!line.isStalled(at: 6 * Self.second))
        _ = line.check(at: 12 * Self.second, received: 700, sent: 14_000, waiting: 0)
        #expect(!line.isStalled(at: 12 * Self.second))
    }

    @Test("no pong and not a byte for the timeout is death; bytes are life")
    func death() {
        var line = watch()
        #expect(line.check(at: 1 * Self.second, received: 0, sent: 1000, waiting: 0) == .ping)
        #expect(line.check(at: 10 * Self.second, received: 50, sent: 1000, waiting: 0) == .wait)
        #expect(line.check(at: 25 * Self.second, received: 50, sent: 1000, waiting: 0) == .wait)
        #expect(line.check(at: 26 * Self.second, received: 50, sent: 1000, waiting: 0) == .dead)
        var patient = watch(timeout: 0)
        #expect(patient.check(at: 1 * Self.second, received: 0, sent: 1000, waiting: 0) == .ping)
        #expect(patient.check(at: 900 * Self.second, received: 0, sent: 1000, waiting: 0) == .wait)
    }
}
