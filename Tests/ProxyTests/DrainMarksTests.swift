import Testing

@testable import Proxy

@Suite("What is drained of an upstream")
struct DrainMarksTests {
    private func covered(_ marks: DrainMarks) -> [Bool] {
        [("1:1", "a.test:1"), ("2:1", "a.test:1"), ("3:1", "3:1")].map { marks.covers($0.0, origin: $0.1) }
    }

    @Test("the last order that covers a backend holds")
    func order() {
        var marks = DrainMarks()
        #expect(marks.isEmpty && covered(marks) == [false, false, false])
        marks.set("a.test:1", true, leadingTo: ["1:1", "2:1"])
        #expect(covered(marks) == [true, true, false])
        marks.set("1:1", false, leadingTo: ["1:1"])
        #expect(covered(marks) == [false, true, false])
        marks.set("a.test:1", true, leadingTo: ["1:1", "2:1"])
        #expect(covered(marks) == [true, true, false])
        marks.setAll(true)
        marks.set("3:1", false, leadingTo: ["3:1"])
        #expect(covered(marks) == [true, true, false])
        marks.setAll(true)
        #expect(covered(marks) == [true, true, true])
        marks.setAll(false)
        #expect(marks.isEmpty)
    }

    @Test("what nothing has the name of any more is forgotten")
    func forget() {
        var marks = DrainMarks(named: ["1:1": true])
        marks.forget("2:1")
        #expect(covered(marks) == [true, false, false])
        marks.forget("1:1")
        #expect(marks.isEmpty)
    }
}
