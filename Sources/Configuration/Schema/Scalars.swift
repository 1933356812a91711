/// The kinds of scalars that many keys share.
extension Scalar where Value == Duration {
    /// `0` and `off` are no time at all.
    static var duration: Self {
        Scalar(
            form: Form(words: "duration", schema: ["$ref": "#/$defs/duration"]),
            expected: "a duration such as 500ms, 5s, 2m, 1h, 30d, or 0 for off",
            parse: { text, _ in Quantity.duration(text) }, print: { Quantity.text($0) },
            habit: Habits.duration)
    }

    /// The same, and not 0.
    static var someDuration: Self {
        Scalar(
            form: Form(
                words: "duration, not 0",
                schema: ["type": "string", "pattern": "^0*[1-9][0-9]*(ms|s|m|h|d)$"]),
            expected: "a duration such as 500ms, 5s, 2m, 1h, 30d",
            parse: { text, _ in Quantity.duration(text).flatMap { $0 > .zero ? $0 : nil } },
            print: { Quantity.text($0) }, habit: Habits.duration)
    }
}

extension Scalar where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        let isOpen = range.upperBound == .max
        let schema: JSON = ["type": "integer", "minimum": .number(range.lowerBound)]
        return Scalar(
            form: Form(
                words: isOpen ? "number" : "\(range.lowerBound) to \(range.upperBound)",
                schema: [
                    "anyOf": [
                        schema.with("maximum", isOpen ? nil : .number(range.upperBound)),
                        ["type": "string", "pattern": "^[0-9]+$"],
                    ]
                ]),
            expected: "a whole number from \(range.lowerBound)\(isOpen ? "" : " to \(range.upperBound)")",
            parse: { text, _ in Quantity.number(text).flatMap { range.contains($0) ? $0 : nil } },
            print: { "\($0)" })
    }

    /// Bytes.
    static func size(_ range: ClosedRange<Int> = 0...Int.max) -> Self {
        let least = range.lowerBound
        let isOpen = range.upperBound == .max
        let number: JSON = ["type": "integer", "minimum": .number(least)]
        let some: JSON = [
            "anyOf": [
                number.with("maximum", isOpen ? nil : .number(range.upperBound)),
                ["type": "string", "pattern": "^0*[1-9][0-9]*(B|KiB|MiB|GiB)?$"],
            ]
        ]
        return Scalar(
            form: Form(
                words: least > 0 ? "size, \(Quantity.text(size: least)) or more" : "size",
                schema: least > 0 ? some : ["$ref": "#/$defs/size"]),
            expected: "a size such as 512B, 64KiB or 16MiB" + (least > 0 ? ", \(least)B or more" : ""),
            parse: { text, _ in Quantity.size(text).flatMap { range.contains($0) ? $0 : nil } },
            print: { Quantity.text(size: $0) }, habit: Habits.size)
    }

    /// Bytes, where 0 is no limit: the largest number stands for it.
    static var limit: Self {
        var scalar = size()
        scalar.parse = { text, _ in Quantity.size(text).map { $0 == 0 ? .max : $0 } }
        scalar.print = { $0 >= .max / 4 ? "0" : Quantity.text(size: $0) }
        return scalar
    }

    /// `20%`, as 20.
    static var percent: Self {
        Scalar(
            form: Form(
                words: "share, 0% to 100%", schema: ["type": "string", "pattern": "^0*(100|[1-9]?[0-9])%$"]),
            expected: "a share such as 20%, from 0% to 100%", parse: { text, _ in Quantity.percent(text) },
            print: { "\($0)%" })
    }
}

extension Scalar where Value == Bool {
    static var flag: Self {
        Scalar(
            form: Form(words: "`true` or `false`", schema: ["$ref": "#/$defs/flag"]),
            expected: "true or false",
            parse: { text, _ in Quantity.flag(text) }, print: { "\($0)" })
    }
}

extension Scalar {
    /// One of the words that the cases have themselves.
    static func cases() -> Self
    where Value: CaseIterable & Equatable & RawRepresentable, Value.RawValue == String {
        choice(of: Value.allCases.map { ($0.rawValue, $0) })
    }

    /// One of some words. What is off may be written in each of YAML's ways.
    static func choice(_ words: (String, Value)...) -> Self where Value: Equatable { choice(of: words) }

    private static func choice(of words: [(String, Value)]) -> Self where Value: Equatable {
        let names = words.map(\.0)
        let last = names.last ?? ""
        let schema: JSON = ["enum": .array(names.map { .text($0) })]
        let list = { (quote: String) in
            names.dropLast().map { "\(quote)\($0)\(quote)" }.joined(separator: ", ")
                + " or \(quote)\(last)\(quote)"
        }
        return Scalar(
            form: Form(
                words: list("`"),
                schema: names.contains("off") ? ["anyOf": [schema, ["$ref": "#/$defs/off"]]] : schema),
            expected: list(""),
            parse: { text, _ in
                words.first { $0.0 == text || $0.0 == "off" && Quantity.flag(text) == false }?.1
            },
            print: { value in words.first { $0.1 == value }?.0 })
    }

    /// `auto`, or a value.
    static func auto<Wrapped: Sendable>(or scalar: Scalar<Wrapped>) -> Self where Value == Wrapped? {
        var either = scalar.optional
        either.form = Form(
            words: "`auto`, or " + scalar.form.words,
            schema: ["anyOf": [["const": "auto"], scalar.form.schema]])
        either.expected = "auto, or " + scalar.expected
        either.parse = { text, place in
            text == "auto" ? .some(nil) : scalar.parse(text, place).map { .some($0) }
        }
        either.print = { $0.map { scalar.print($0) ?? "" } ?? "auto" }
        return either
    }
}

extension Scalar where Value == String {
    /// Any text.
    static var text: Self { text("text") { _ in nil } }

    /// A text that a check has no complaint about.
    ///
    /// - Parameter pattern: what of it a JSON Schema can say.
    static func text(
        _ words: String, pattern: String? = nil, _ check: @escaping @Sendable (String) -> String?
    ) -> Self {
        Scalar(
            form: Form(
                words: words,
                schema: (["type": ["string", "number", "boolean"]] as JSON).with(
                    "pattern", pattern.map { .text($0) }), isText: true),
            expected: words, parse: { text, _ in check(text) == nil ? text : nil }, print: { $0 }
        ).complaining(check)
    }
}

extension Scalar where Value == Located<String> {
    /// Something with a name outside of the configuration, which the shell looks for.
    static func named(_ words: String) -> Self {
        Scalar(
            form: Form(
                words: words, schema: ["type": ["string", "number"] as JSON, "minLength": 1], isText: true),
            expected: words, parse: { Located(value: $0, place: $1) }, print: { $0.value }, mustBeFilled: true
        )
    }

    /// The name of a file.
    static var file: Self { named("file") }
}

extension Scalar where Value == Located<Address> {
    /// Where to listen.
    ///
    /// - Parameter examples: what is said to be expected.
    static func listeningAddress(
        _ examples: String, habit: @escaping @Sendable (String) -> String? = { _ in nil }
    ) -> Self {
        Scalar(
            form: Form(
                words: "address",
                schema: ["type": "string", "pattern": .text(AddressSyntax.listeningPattern)],
                isText: true),
            expected: examples,
            parse: { text, place in
                switch AddressSyntax.parse(text) {
                case .some(.name), nil: nil
                case let address?: Located(value: address, place: place)
                }
            }, print: { $0.value.description }
        ).complaining {
            "'\($0)' is no address to listen on, expected one such as \(examples)" + (habit($0) ?? "")
        }
    }
}

extension Scalar where Value == Address {
    /// Where a backend is.
    static var backendAddress: Self {
        Scalar(
            form: Form(
                words: "address", schema: ["type": "string", "pattern": .text(AddressSyntax.pattern)],
                isText: true),
            expected: AddressSyntax.expected,
            parse: { text, _ in
                AddressSyntax.parse(text).flatMap { address in
                    (address.port != 0 || address.isService) && AddressSyntax.isOfOnePeer(address)
                        ? address : nil
                }
            },
            print: { $0.description }
        ).complaining { text in
            if let address = AddressSyntax.parse(text), !AddressSyntax.isOfOnePeer(address) {
                return
                    "'\(text)' is no address that a backend can have: it stands for any machine, or for many, "
                    + "expected that of one, such as 127.0.0.1:9001"
            }
            return "'\(text)' is no address, expected \(AddressSyntax.expected)"
                + (Habits.backend(text) ?? "")
        }
    }
}
