import Testing

@testable import Configuration

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "durations have a unit",
        arguments: [
            ("500ms", .milliseconds(500)), ("5s", .seconds(5)), ("2m", .seconds(120)),
            ("1h", .seconds(3600)), ("30d", .seconds(30 * 86_400)), ("0", .zero), ("off", .zero),
            ("false", .zero),
            ("0s", .zero),
        ] as [(String, Duration)])
    func durations(text: String, wanted: Duration) { #expect(Quantity.duration(text) == wanted) }

    @Test(
        "what is no duration is refused, as is one that can't be counted",
        arguments: [
            "", "5", "s", "-1s", "5 s", "1.5s", "5w", "d", "+5s", "5\u{0663}s", "99999999999999999999s",
            "9999999999999h",
        ])
    func badDurations(text: String) { #expect(Quantity.duration(text) == nil) }

    @Test(
        "sizes are bytes",
        arguments: [
            ("512B", 512), ("64KiB", 65_536), ("16MiB", 16_777_216), ("1GiB", 1 << 30), ("7", 7), ("0", 0),
        ])
    func sizes(text: String, wanted: Int) { #expect(Quantity.size(text) == wanted) }

    @Test(
        "what is no size is refused",
        arguments: [
            "", "KiB", "-1B", "-1", "+1", "+1KiB", "64kb", "1.5MiB", "99999999999999999999", "9999999999GiB",
        ])
    func badSizes(text: String) { #expect(Quantity.size(text) == nil) }

    @Test("variables are put in, with their defaults")
    func variables() throws {
        let environment = ["HOST": "a.example", "EMPTY": ""]
        for (text, wanted) in [
            ("plain", "plain"), ("${HOST}:1", "a.example:1"), ("x${EMPTY}y", "xy"), ("${NO:-d}", "d"),
            ("${NO:-}", ""), ("${EMPTY:-d}", "d"), ("${EMPTY:-}", ""),
            ("${HOST}${HOST:-b}", "a.examplea.example"), ("$HOST", "$HOST"),
        ] {
            #expect(try Variables.expand(text, environment).get() == wanted)
        }
    }

    @Test("a variable that is not set, or not ended, is complained of by name")
    func badVariables() {
        for (text, part) in [("a${NO}", "'NO' is not set"), ("${HOST", "'${' without '}'")] {
            guard case .failure(let problem) = Variables.expand(text, [:]) else {
                Issue.record("\(text) was taken")
                continue
            }
            #expect(problem.text.contains(part))
        }
    }

    @Test("a near word is found, a far one is not")
    func spelling() {
        let known = ["balance", "backends", "tls"]
        #expect(Spelling.nearest(to: "balence", in: known) == "balance")
        #expect(Spelling.nearest(to: "tsl", in: known) == nil)
        #expect(Spelling.nearest(to: "tl", in: known) == "tls")
        #expect(Spelling.nearest(to: "completely", in: known) == nil)
        #expect(Spelling.nearest(to: "x", in: []) == nil)
    }
}
