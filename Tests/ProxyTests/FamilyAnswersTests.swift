import Configuration
import Testing

@testable import Proxy

@Suite("One answer of several processes")
struct FamilyAnswersTests {
    private static let show = AdminCall.sessions(.show(SessionID(worker: 0, number: 1)))
    private static let close = AdminCall.sessions(.close(SessionFilter(), CloseWords(), rate: 9))

    private func answer(
        _ process: Int, _ status: Int = 200, _ text: String = "", _ counts: [AdminCount] = []
    ) -> FamilyAnswer {
        FamilyAnswer(
            id: 1, process: process, status: status, contentType: "text/plain", counts: counts,
            body: Array(text.utf8))
    }

    @Test("of one session whoever has it answers")
    func one() {
        let nobody = AdminResponse(404, "no such session\n")
        let found = FamilyAnswers(
            own: nobody, others: [answer(2, 404), answer(3, 200, "{}")], silent: [4]
        ).merged(Self.show)
        #expect(found.status == 200 && found.body == "{}")
        let own = FamilyAnswers(own: AdminResponse(200, "mine"), others: [answer(2, 404)], silent: [4])
        #expect(own.merged(Self.show).body == "mine")
        let none = FamilyAnswers(own: nobody, others: [answer(2, 404)], silent: []).merged(Self.show)
        #expect(none.status == 404)
        // Who does not answer may have it.
        let unknown = FamilyAnswers(own: nobody, others: [answer(2, 404)], silent: [4]).merged(Self.show)
        #expect(unknown.status == 504 && unknown.body.contains("process 4"))
    }

    @Test("numbers are added up")
    func counts() {
        let count = { (value: Int) in [AdminCount(name: "sessions", value: value)] }
        let sum = FamilyAnswers(
            own: .counting(count(1)), others: [answer(2, 200, "", count(5)), answer(3, 503)], silent: [9]
        ).merged(Self.close)
        #expect(sum.counts == count(6))
        #expect(sum.body.contains("\"silent\": [\n    9\n  ]"))
        // Numbers of others that can't be are no trap.
        let huge = FamilyAnswers(
            own: .counting(count(.max)), others: [answer(2, 200, "", count(1))], silent: [])
        #expect(huge.merged(Self.close).status == 200)
    }

    @Test("words follow each other, and what one of them knows is no failure")
    func words() {
        let drain = AdminCall.drain(.route("old"), rate: 9)
        let answers = FamilyAnswers(
            own: AdminResponse(404, "no route 'old'\n"),
            others: [answer(2, 200, "draining\n"), answer(3, 404, "no\n")], silent: [4]
        ).merged(drain)
        #expect(answers.status == 200)
        #expect(
            answers.body
                == "no route 'old'\nprocess 2, which lingers: draining\nprocess 4, which lingers, does not answer\n"
        )
        let busy = FamilyAnswers(own: .silent, others: [answer(2, 200, "x\n")], silent: []).merged(drain)
        #expect(busy.status == 503)
    }

    @Test("a rate is for all of them together, and never nothing")
    func rates() {
        #expect(AdminCall.drain(.route("a"), rate: 9).shared(by: 2) == .drain(.route("a"), rate: 4))
        #expect(AdminCall.drain(.route("a"), rate: 1).shared(by: 9) == .drain(.route("a"), rate: 1))
        #expect(
            Self.close.shared(by: 3) == .sessions(.close(SessionFilter(), CloseWords(), rate: 3)))
        #expect(
            AdminCall.sessions(.close(SessionFilter(), CloseWords(), rate: nil)).shared(by: 3)
                == .sessions(.close(SessionFilter(), CloseWords(), rate: nil)))
        #expect(Self.show.shared(by: 3) == Self.show)
    }

    @Test("what is this process's own is asked of nobody else")
    func reach() {
        for call in [AdminCall.health, .ready, .metrics, .reload, .index] { #expect(!call.reachesElders) }
        for call in [AdminCall.status, Self.show, Self.close] { #expect(call.reachesElders) }
    }
}
