import Routing
import Testing

private let second: UInt64 = 1_000_000_000

@Suite("Backend health")
struct BackendHealthTests {
    private let rules = HealthRules()

    @Test("a backend that can't be reached rests longer each time, at most 30 s, and is forgiven at once")
    func unreachable() {
        var health = BackendHealth()
        var now: UInt64 = 5
        var rests: [UInt64] = []
        for _ in 0..<8 {
            guard
                case .rests(let until) = health.connectFailed(at: now, jitter: 0, cause: "refused", rules)
            else { continue }
            rests.append((until - now) / second)
            #expect(
                health.standing(at: until - 1) == .down(until: until) && health.standing(at: until) == .up)
            #expect(health.connectFailed(at: now, jitter: 0, cause: "late", rules) == .ignored)
            now = until
        }
        #expect(rests == [1, 2, 4, 8, 16, 30, 30, 30] && health.cause == "refused")
        let isBack = health.connected(at: now)
        #expect(isBack && health.standing(at: now) == .up)
        let isBackAgain = health.connected(at: now)
        #expect(!isBackAgain && health.transitions == 9)
    }

    @Test("jitter lengthens a rest by up to a quarter")
    func jitter() {
        var health = BackendHealth()
        #expect(
            health.connectFailed(at: 100, jitter: 1, cause: "", rules)
                == .rests(until: 100 + second + second / 4))
    }

    @Test("failures in a row put it out; an answer in between begins the count anew")
    func suspicion() {
        var health = BackendHealth()
        for _ in 0..<4 { #expect(health.failed(at: 1, jitter: 0, cause: "slow", rules) == .noted) }
        let wasOut = health.answered(at: 1)
        #expect(!wasOut)
        for _ in 0..<4 { #expect(health.failed(at: 2, jitter: 0, cause: "slow", rules) == .noted) }
        #expect(health.failed(at: 2, jitter: 0, cause: "slow", rules) == .rests(until: 2 + second))
        #expect(health.standing(at: 3) == .suspected(until: 2 + second))
        // Not proven well since: one more failure is enough, and the rest is twice as long.
        let now = 2 + second
        #expect(health.failed(at: now, jitter: 0, cause: "503", rules) == .rests(until: now + 2 * second))
        // A connection proves nothing about its answers.
        let isBack = health.connected(at: now + 2 * second)
        #expect(!isBack)
        let answered = health.answered(at: now + 2 * second)
        #expect(answered)
        #expect(health.failed(at: now + 2 * second, jitter: 0, cause: "slow", rules) == .noted)
    }

    @Test("in doubt it has a quarter of the time for an answer, at least a second, until it has answered")
    func patience() {
        var health = BackendHealth()
        #expect(health.patience(of: .seconds(10)) == .seconds(10))
        _ = health.failed(at: 1, jitter: 0, cause: "slow", rules)
        #expect(health.patience(of: .seconds(10)) == .milliseconds(2_500))
        #expect(health.patience(of: .seconds(2)) == .seconds(1))
        #expect(health.patience(of: .milliseconds(500)) == .milliseconds(500))
        _ = health.answered(at: 1)
        #expect(health.patience(of: .seconds(10)) == .seconds(10))
        for _ in 0..<5 { _ = health.failed(at: 2, jitter: 0, cause: "slow", rules) }
        #expect(health.patience(of: .seconds(10)) == .milliseconds(2_500))
        _ = health.answered(at: 3)
        #expect(health.patience(of: .seconds(10)) == .seconds(10))
    }

    @Test("it proves itself from the end of a rest until it has answered")
    func proving() {
        var health = BackendHealth()
        #expect(!health.isProving(at: 1))
        for _ in 0..<5 { _ = health.failed(at: 1, jitter: 0, cause: "slow", rules) }
        #expect(!health.isProving(at: second) && health.isProving(at: 1 + second))
        // Whom it was left to may wait for ever.
        #expect(health.isProving(at: 30 * second) && !health.isProving(at: 31 * second + 1))
        _ = health.answered(at: 1 + second)
        #expect(!health.isProving(at: 1 + second))
        for _ in 0..<3 { _ = health.checkFailed(cause: "closed", rules) }
        #expect(!health.isProving(at: 1 + second))
    }

    @Test("more connect failures may be asked for")
    func tolerant() {
        var rules = HealthRules()
        rules.connectFailures = 3
        var health = BackendHealth()
        #expect(health.connectFailed(at: 1, jitter: 0, cause: "", rules) == .noted)
        #expect(health.connectFailed(at: 1, jitter: 0, cause: "", rules) == .noted)
        _ = health.connected(at: 1)
        #expect(health.connectFailed(at: 1, jitter: 0, cause: "", rules) == .noted)
        #expect(health.connectFailed(at: 1, jitter: 0, cause: "", rules) == .noted)
        #expect(health.connectFailed(at: 1, jitter: 0, cause: "", rules) == .rests(until: 1 + second))
    }

    @Test("checks put it out and take it back by their thresholds")
    func checks() {
        var health = BackendHealth()
        let outcomes = [false, false, true, false, false, false, false, true, false, true, true, true]
        let changes = outcomes.map { isGood in
            isGood ? health.checkPassed(at: 9, rules) : health.checkFailed(cause: "no pong", rules)
        }
        #expect(changes.indices.filter { changes[$0] } == [5, 10])
        var failing = BackendHealth()
        for _ in 0..<3 { _ = failing.checkFailed(cause: "no pong", rules) }
        #expect(failing.standing(at: 1) == .failing && failing.cause == "no pong")
        // What clients' requests tell doesn't overrule the checks.
        _ = failing.answered(at: 1)
        #expect(failing.standing(at: 1) == .failing)
        failing.checksEnded(at: 1)
        #expect(failing.standing(at: 1) == .up)
    }

    @Test("a good check ends the rest of one that could not be reached, not of one under suspicion")
    func checkAndRest() {
        var down = BackendHealth()
        _ = down.connectFailed(at: 1, jitter: 0, cause: "", rules)
        let isBack = down.checkPassed(at: 2, rules)
        #expect(isBack && down.standing(at: 2) == .up)
        var suspected = BackendHealth()
        for _ in 0..<5 { _ = suspected.failed(at: 1, jitter: 0, cause: "", rules) }
        let isTrusted = suspected.checkPassed(at: 2, rules)
        #expect(!isTrusted && suspected.standing(at: 2) == .suspected(until: 1 + second))
    }

    @Test("a new or recovered one ramps up; one that was there from the start doesn't")
    func ramp() {
        var health = BackendHealth()
        #expect(health.ramp(at: 5, rules) == 1)
        health.appeared(at: 10 * second)
        #expect(health.ramp(at: 10 * second, rules) == 0.1)
        #expect(abs(health.ramp(at: 15 * second, rules) - 0.55) < 0.001)
        #expect(health.ramp(at: 20 * second, rules) == 1)
        var back = BackendHealth()
        _ = back.connectFailed(at: second, jitter: 0, cause: "", rules)
        _ = back.connected(at: 3 * second)
        #expect(back.ramp(at: 3 * second, rules) == 0.1)
        var none = HealthRules()
        none.slowStart = .zero
        #expect(back.ramp(at: 3 * second, none) == 1)
    }
}
