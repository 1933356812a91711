import Testing

@testable import Proxy

@Suite("Idle sessions")
struct IdlenessTests {
    @Test("a message that has passed begins the time anew")
    func messages() {
        var idleness = Idleness(at: 100)
        #expect(idleness.due(50) == 150 && idleness.due(.max) == .max)
        #expect(idleness.hasPassed(0, at: 120) == false)
        #expect(idleness.hasPassed(3, at: 120) == true)
        #expect(idleness.hasPassed(3, at: 130) == false && idleness.due(50) == 170)
    }

    @Test("so does a part of one, but no byte outside of a message")
    func parts() {
        var idleness = Idleness(at: 0)
        #expect(idleness.isReached(50, bytes: 10, isMidMessage: true, at: 60, delivers: { false }) == false)
        #expect(idleness.due(50) == 110)
        #expect(idleness.isReached(50, bytes: 20, isMidMessage: false, at: 109, delivers: { false }) == false)
        #expect(idleness.isReached(50, bytes: 30, isMidMessage: false, at: 110, delivers: { false }) == true)
        // The same part, which doesn't go on.
        #expect(idleness.isReached(50, bytes: 30, isMidMessage: true, at: 111, delivers: { false }) == true)
    }

    @Test("and what is on its way and gets on, which is looked at only when the time has come")
    func delivery() {
        var idleness = Idleness(at: 0)
        var looks = 0
        let delivers = { (does: Bool) -> () -> Bool in
            return {
                looks += 1
                return does
            }
        }
        #expect(
            idleness.isReached(50, bytes: 0, isMidMessage: false, at: 49, delivers: delivers(true)) == false)
        #expect(looks == 0)
        #expect(
            idleness.isReached(50, bytes: 0, isMidMessage: false, at: 50, delivers: delivers(true)) == false)
        #expect(looks == 1 && idleness.due(50) == 100)
        #expect(
            idleness.isReached(50, bytes: 0, isMidMessage: false, at: 100, delivers: delivers(false)) == true)
    }
}
