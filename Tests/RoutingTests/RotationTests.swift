import Routing
import Testing

@Suite("Rotation")
struct RotationTests {
    private let up = Rotation.Place.standing(.up)
    private func suspected(_ until: UInt64) -> Rotation.Place { .standing(.suspected(until: until)) }
    private func down(_ until: UInt64) -> Rotation.Place { .standing(.down(until: until)) }

    @Test("at most the share is out because of a suspicion; whose rest ends first comes back")
    func share() {
        #expect(
            Rotation.usable([up, suspected(9), suspected(5), up], share: 50) == [true, false, false, true])
        #expect(
            Rotation.usable([up, suspected(9), suspected(5), suspected(7)], share: 50)
                == [true, false, true, false])
        #expect(Rotation.usable([suspected(9), suspected(5)], share: 50) == [false, true])
        #expect(Rotation.usable([suspected(9)], share: 50) == [true])
        #expect(Rotation.usable([up, suspected(9)], share: 0) == [true, true])
        #expect(Rotation.usable([suspected(3), suspected(9)], share: 100) == [true, false])
    }

    @Test("who can't be reached, fails its checks or drains is out whatever the share")
    func certain() {
        #expect(
            Rotation.usable([up, down(9), .standing(.failing), .out], share: 0) == [
                true, false, false, false,
            ]
        )
    }

    @Test("when none is left, those whose rest ends first are tried, but never one that drains")
    func last() {
        #expect(Rotation.usable([down(9), down(5), .standing(.failing)], share: 50) == [false, true, false])
        #expect(Rotation.usable([.standing(.failing), .standing(.failing)], share: 50) == [true, true])
        #expect(Rotation.usable([.out, down(5)], share: 50) == [false, true])
        #expect(Rotation.usable([.out, .out], share: 50) == [false, false])
        #expect(Rotation.usable([], share: 50) == [])
    }

    @Test("one that is busy proving itself gets nobody else, unless there is nobody else")
    func proving() {
        #expect(
            Rotation.spared([true, true, false], proving: [true, false, false]) == [false, true, false])
        #expect(Rotation.spared([true, false], proving: [true, false]) == [true, false])
        #expect(Rotation.spared([true, true], proving: [true, true]) == [true, true])
        #expect(Rotation.spared([], proving: []) == [])
    }

    @Test("of several priorities the lowest number that can be had is taken")
    func priorities() {
        #expect(Rotation.preferred([true, true, true], priorities: [10, 10, 20]) == [true, true, false])
        #expect(Rotation.preferred([false, true, true], priorities: [10, 10, 20]) == [false, true, false])
        #expect(Rotation.preferred([false, false, true], priorities: [10, 10, 20]) == [false, false, true])
        #expect(Rotation.preferred([false, false], priorities: [1, 2]) == [false, false])
        #expect(Rotation.preferred([], priorities: []) == [])
        #expect(Rotation.preferred([true, true], priorities: [0, 0]) == [true, true])
    }
}
