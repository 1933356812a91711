import Testing

@testable import Configuration

@Suite("Kinds of scalars")
struct ScalarsTests {
    private let place = Place(line: 1, column: 1)

    /// What becomes of a text that is read and shown again.
    private func again<Value>(_ scalar: Scalar<Value>, _ text: String) -> String? {
        scalar.parse(text, place).flatMap { scalar.print($0) }
    }

    @Test("what is shown is the shortest spelling of what was read")
    func again() {
        let durations = [
            ("1500ms", "1500ms"), ("60s", "1m"), ("90s", "90s"), ("120m", "2h"), ("off", "0"), ("0s", "0"),
        ]
        for (text, shown) in durations { #expect(again(.duration, text) == shown) }
        let sizes = [
            ("1024", "1KiB"), ("1025B", "1025B"), ("2048KiB", "2MiB"), ("0", "0"), ("1024MiB", "1GiB"),
        ]
        for (text, shown) in sizes { #expect(again(.size(), text) == shown) }
        #expect(again(.percent, "20%") == "20%" && again(.flag, "On") == "true")
        #expect(again(.integer(0...9), "007") == "7")
    }

    @Test("a limit of 0 is none, and shown as 0 again")
    func limits() {
        #expect(Scalar<Int>.limit.parse("0", place) == .max && again(.limit, "0") == "0")
        #expect(again(.limit, "16MiB") == "16MiB" && Scalar<Int>.limit.print(.max / 4) == "0")
    }

    @Test("what is no value of its kind is none")
    func none() {
        for text in ["", "5", "-1s", "1w", "1.5s", "s"] {
            #expect(Scalar<Duration>.duration.parse(text, place) == nil)
        }
        for text in ["0", "0s", "off"] { #expect(Scalar<Duration>.someDuration.parse(text, place) == nil) }
        for text in ["", "16MB", "1 KiB", "-1"] { #expect(Scalar<Int>.size().parse(text, place) == nil) }
        for text in ["0", "0B"] { #expect(Scalar<Int>.size(1...9).parse(text, place) == nil) }
        for text in ["", "10", "-1", "+1", "0x1"] {
            #expect(Scalar<Int>.integer(0...9).parse(text, place) == nil)
        }
        for text in ["20", "101%", "%"] { #expect(Scalar<Int>.percent.parse(text, place) == nil) }
    }

    @Test("a choice takes its words, and off in each spelling where that is one")
    func choices() {
        let scalar = Scalar<Int>.choice(("one", 1), ("two", 2), ("off", 0))
        #expect(scalar.expected == "one, two or off" && scalar.form.words == "`one`, `two` or `off`")
        #expect(
            scalar.parse("two", place) == 2 && scalar.parse("No", place) == 0
                && scalar.parse("on", place) == nil)
        #expect(Scalar<Int>.choice(("one", 1), ("two", 2)).parse("off", place) == nil)
        #expect(scalar.print(2) == "two" && scalar.print(3) == nil)
    }

    @Test("auto is no value, and is shown all the same; an optional is not")
    func optionals() {
        let auto = Scalar<Int?>.auto(or: .integer(0...9))
        #expect(auto.parse("auto", place) == .some(.none) && auto.parse("4", place) == 4)
        #expect(auto.parse("x", place) == nil && auto.print(nil) == "auto" && auto.print(4) == "4")
        let optional = Scalar<Int>.integer(0...9).optional
        #expect(optional.print(nil) == nil && optional.print(4) == "4" && optional.parse("x", place) == nil)
    }
}
