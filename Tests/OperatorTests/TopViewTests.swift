import Testing

@testable import Operator

@Suite("The picture of trunkline top")
struct TopViewTests {
    private func page(_ messages: Int, routes: Int = 2, at seconds: UInt64) -> Scrape {
        var text =
            "trunkline_build_info{version=\"1.2\"} 1\ntrunkline_loop_lag_last_seconds{worker=\"0\"} 0.0005\n"
        for route in 0..<routes {
            let labels = "route=\"r\(route)\",backend=\"b\(route)\""
            text += "trunkline_sessions_total{\(labels)} 9\ntrunkline_sessions_open{\(labels)} \(route + 1)\n"
            text +=
                "trunkline_messages_total{\(labels),direction=\"from_client\",opcode=\"text\"} \(messages)\n"
            text += "trunkline_backend_up{upstream=\"u\",backend=\"b\(route)\"} \(route == 0 ? 1 : 0)\n"
        }
        return Scrape(text, at: seconds * 1_000_000_000)
    }

    @Test("rates are what was counted between two looks")
    func rates() {
        let view = TopView(before: page(100, at: 10), now: page(300, at: 12), address: "127.0.0.1:9901")
        let lines = view.lines(columns: 80, rows: 24)
        #expect(lines[0] == TopLine(text: "trunkline 1.2   serving   127.0.0.1:9901   q ends", style: .title))
        #expect(lines[1].text.hasPrefix("sessions 3  "))
        #expect(lines[2].text.hasPrefix("messages  in 200/s  out 0.0/s"))
        #expect(lines[4].text == "loop lag  0: 500 µs")
        #expect(lines.contains { $0.text.hasPrefix("r1 ") && $0.text.contains(" 2       100 ") })
        #expect(lines.contains { $0.text.hasPrefix("b0 ") && $0.style == .plain })
        #expect(lines.contains { $0.text.hasPrefix("b1 (out)") && $0.style == .trouble })
    }

    @Test("it fits the terminal", arguments: [(80, 24), (80, 10), (20, 5), (132, 50), (1, 1), (80, 0)])
    func fits(columns: Int, rows: Int) {
        let view = TopView(
            before: page(1, routes: 40, at: 1), now: page(2, routes: 40, at: 2), address: "127.0.0.1:9901")
        let lines = view.lines(columns: columns, rows: rows)
        #expect(lines.count <= rows && lines.allSatisfy { $0.text.count <= columns })
        if rows == 24 { #expect(lines.contains { $0.text.hasPrefix("… and") }) }
    }

    @Test("a restart makes no negative rates")
    func restart() {
        let view = TopView(before: page(100, at: 10), now: page(3, at: 12), address: "a")
        #expect(view.lines(columns: 80, rows: 24)[2].text.hasPrefix("messages  in 0.0/s"))
    }

    @Test("says why a backend is out")
    func why() {
        let labels = "upstream=\"u\",backend=\"b1\",state=\"failing\",why=\"answered 503\""
        let scrape = Scrape("trunkline_backend_out{\(labels)} 1\n", at: 1_000_000_000)
        let view = TopView(before: scrape, now: scrape, address: "a")
        let line = TopLine(text: "b1 failing: answered 503", style: .trouble)
        #expect(view.lines(columns: 80, rows: 24).contains(line))
    }

    @Test("a feed's messages are counted as often as they were given to clients, beside the bytes of that")
    func feed() {
        func page(_ came: Int, _ given: Int, at second: UInt64) -> Scrape {
            let labels = "route=\"r\",backend=\"b\""
            return Scrape(
                """
                trunkline_sessions_total{\(labels)} 1
                trunkline_messages_total{\(labels),direction="from_backend",opcode="text"} \(came)
                trunkline_messages_delivered_total{\(labels)} \(given)

                """, at: second * 1_000_000_000)
        }
        let view = TopView(before: page(0, 0, at: 1), now: page(10, 1000, at: 2), address: "a")
        let lines = view.lines(columns: 80, rows: 24)
        #expect(lines[2].text.contains("out 1000/s"))
        #expect(lines.contains { $0.text.hasPrefix("r ") && $0.text.contains(" 1000 ") })
    }
}
