import Configuration
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
    private func diagnostic(_ line: Int, _ column: Int, isWarning: Bool = false) -> Diagnostic {
        Diagnostic(
            file: "proxy.conf", place: Place(line: line, column: column), text: "what is wrong",
            isWarning: isWarning)
    }

    @Test("begin with their place, as editors read it")
    func description() {
        #expect(diagnostic(12, 9).description == "proxy.conf:12:9: what is wrong")
        #expect(diagnostic(1, 1, isWarning: true).description == "proxy.conf:1:1: warning: what is wrong")
    }

    @Test("come in the order of the text")
    func order() {
        let sorted = [diagnostic(1, 9), diagnostic(2, 1), diagnostic(2, 10), diagnostic(11, 2)]
        #expect(Diagnostics(sorted.reversed()).list == sorted)
    }
}
