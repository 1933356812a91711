import ACME
import Testing

@Suite("When certificates are renewed")
struct RenewalPlanTests {
    private let day = 86_400.0

    @Test("30 days before the end of 90, a third of its life before the end of a short one")
    func ownChoice() {
        let long = RenewalPlan(notBefore: 0, notAfter: 90 * day, renewBefore: .seconds(30 * day))
        #expect(long.latest == 60 * day)
        #expect(long.due(chance: 0) == 60 * day)
        #expect(long.due(chance: 1) == 60 * day - 3600)
        let short = RenewalPlan(notBefore: 0, notAfter: 6 * day, renewBefore: .seconds(30 * day))
        #expect(short.latest == 4 * day)
        let backwards = RenewalPlan(notBefore: 10, notAfter: 0, renewBefore: .seconds(30 * day))
        #expect(backwards.due(chance: 1) == 0)
    }

    @Test("within the authority's window, but never near the end")
    func window() {
        var plan = RenewalPlan(notBefore: 0, notAfter: 100 * day, renewBefore: .seconds(30 * day))
        plan.window = RenewalWindow(start: 40 * day, end: 42 * day)
        #expect(plan.due(chance: 0) == 40 * day)
        #expect(plan.due(chance: 0.5) == 41 * day)
        plan.window = RenewalWindow(start: 200 * day, end: 300 * day)
        #expect(plan.due(chance: 0.5) == 95 * day)
    }

    @Test("RFC 9773's example of information")
    func information() throws {
        let text = """
            {"suggestedWindow":{"start":"2025-01-02T04:00:00Z","end":"2025-01-03T04:00:00Z"},
            "explanationURL":"https://acme.example.com/docs/ari"}
            """
        #expect(
            try RenewalWindow(parsing: Array(text.utf8))
                == RenewalWindow(
                    start: 1_735_790_400, end: 1_735_876_800, explanation: "https://acme.example.com/docs/ari"
                ))
    }

    @Test(
        "a window that is none",
        arguments: [
            "{}", "x", #"{"suggestedWindow":{"start":"2025-01-03T04:00:00Z","end":"2025-01-02T04:00:00Z"}}"#,
            #"{"suggestedWindow":{"start":"now","end":"then"}}"#,
        ])
    func broken(_ text: String) {
        #expect(throws: ACMEError.self) { try RenewalWindow(parsing: Array(text.utf8)) }
    }

    @Test("RFC 9773's example of a name")
    func name() {
        let key: [UInt8] = [
            0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40, 0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0, 0xAE, 0x2C,
            0xDE,
            0x01, 0xC8, 0xD4,
        ]
        let serial: [UInt8] = [0x00, 0x87, 0x65, 0x43, 0x21]
        #expect(
            RenewalWindow.name(authorityKey: key, serial: serial) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE")
    }

    @Test("how often information is asked for has limits")
    func pauses() {
        #expect(RenewalWindow.pause(nil) == .seconds(21_600))
        #expect(RenewalWindow.pause(.zero) == .seconds(60))
        #expect(RenewalWindow.pause(.seconds(10_000_000)) == .seconds(86_400))
    }
}
