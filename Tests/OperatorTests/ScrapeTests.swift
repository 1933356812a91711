import Testing

@testable import Operator

@Suite("Reading a page of metrics")
struct ScrapeTests {
    @Test("names, labels with escapes, and numbers of every spelling")
    func reading() {
        let page = Scrape(
            """
            # HELP a_total Something.
            # TYPE a_total counter
            a_total{x="1",y="q\\"u\\\\o\\nte, } ="} 3
            a_total{x="2",y=""} 4.5e1
            b +Inf
            c -0.25

            """, at: 7)
        #expect(page.samples.count == 4 && page.time == 7)
        #expect(page.sum("a_total") == 48)
        #expect(page.sum("a_total", ["x": "1"]) == 3)
        #expect(page.sum("a_total", ["x": "1", "y": "q\"u\\o\nte, } ="]) == 3)
        #expect(page.sum("b") == .infinity && page.sum("c") == -0.25 && page.sum("none") == 0)
        #expect(page.values(of: "x", in: "a_total") == ["1", "2"])
    }

    @Test(
        "what can't be read is left out",
        arguments: [
            "a", "a{", "a{x", "a{x=", "a{x=\"1", "a{x=\"1\"", "a{x=\"1\"}", "a{x=\"1\"} one", "{} 1", "a  1",
            "",
        ])
    func malformed(line: String) {
        #expect(Scrape(line + "\nb 2\n", at: 0).samples.map(\.name) == ["b"])
    }
}
