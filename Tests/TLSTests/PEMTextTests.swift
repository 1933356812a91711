import Testing

@testable import TLS

@Suite("PEM text")
struct PEMTextTests {
    private func blocks(_ text: String) throws -> [String] {
        try PEMText(Array(text.utf8)).blocks.map { "\($0.line) \($0.label)" }
    }

    @Test("blocks are found with their lines, whatever stands between them")
    func blocks() throws {
        let text =
            "subject=x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\r\n\n"
            + "-----BEGIN EC PRIVATE KEY-----\nBBBB\n-----END EC PRIVATE KEY-----"
        #expect(try blocks(text) == ["2 CERTIFICATE", "6 EC PRIVATE KEY"])
        #expect(try blocks("") == [] && blocks("no block") == [])
    }

    @Test(
        "what is cut or garbled is a complaint with its line",
        arguments: [
            ("-----BEGIN A-----\nAA", "line 1: 'BEGIN A' has no end: the text is cut or garbled"),
            ("\n-----BEGIN A-----\n-----BEGIN A-----\n-----END A-----", "line 2: 'BEGIN A' has no end"),
            ("-----BEGIN A", "line 1: a boundary that is cut or garbled"),
            ("-----BEGIN A-----\n-----END A----", "line 2: a boundary that is cut or garbled"),
            ("-----BEGIN A-----\n-----END B-----", "line 2: 'END B' without its beginning"),
            ("-----END A-----", "line 1: 'END A' without its beginning"),
        ])
    func broken(text: String, complaint: String) {
        do {
            _ = try PEMText(Array(text.utf8))
            Issue.record("taken")
        } catch {
            #expect(error.description.hasPrefix(complaint))
        }
    }
}
