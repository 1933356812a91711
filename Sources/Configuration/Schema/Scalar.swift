internal import YAML

/// How one kind of value is spelled: how it is read, shown, described and complained of.
struct Scalar<Value: Sendable>: Sendable {
    var form: Form
    /// For complaints: `expected …`.
    var expected: String
    /// nil for a text that is none.
    var parse: @Sendable (String, Place) -> Value?
    /// nil for a value that is said by saying nothing.
    var print: @Sendable (Value) -> String?
    /// The right spelling of what may have been meant, to stand behind a complaint.
    var habit: @Sendable (String) -> String? = { _ in nil }
    /// What is said instead of the usual complaint.
    var complaint: @Sendable (String, Node) -> Complaint? = { _, _ in nil }
    /// Nothing is no value.
    private(set) var mustBeFilled = false

    /// A complaint about a part of a scalar.
    struct Complaint {
        let text: String
        /// How far from its beginning.
        var columns = 0
    }

    /// The value of a key that is absent without it.
    var optional: Scalar<Value?> {
        let (parse, print) = (parse, print)
        return Scalar<Value?>(
            form: form, expected: expected, parse: { text, place in parse(text, place).map { .some($0) } },
            print: { $0.flatMap { print($0) } }, habit: habit,
            complaint: { [complaint] text, node in
                complaint(text, node).map { Scalar<Value?>.Complaint(text: $0.text, columns: $0.columns) }
            }, mustBeFilled: mustBeFilled)
    }

    /// The same, which must not be empty where it is written.
    var filled: Self {
        var copy = self
        copy.mustBeFilled = true
        return copy
    }

    /// The same, not to be shown.
    var secret: Self {
        var copy = self
        copy.form.isSecret = true
        return copy
    }

    /// The same with other words for what is expected.
    func expecting(_ words: String) -> Self {
        var copy = self
        copy.expected = words
        return copy
    }

    /// The same with a complaint of its own; nil = the usual one.
    func complaining(_ words: @escaping @Sendable (String) -> String?) -> Self {
        var copy = self
        copy.complaint = { text, _ in words(text).map { Complaint(text: $0) } }
        return copy
    }

    /// A value as it is shown; nil where it would not be written.
    func shown(_ value: Value) -> Shown? {
        print(value).map { .scalar(.init(text: $0, isText: form.isText, isSecret: form.isSecret)) }
    }

    /// Reads a node; nil where that was complained of.
    ///
    /// - Parameter key: what complaints call it.
    func read(_ node: Node, _ key: String, in section: Section) -> Value? {
        guard let text = section.text(node, key) else { return nil }
        if mustBeFilled, text.value.isEmpty {
            section.complain(text.place, "'\(key)' in \(section.title) is empty")
            return nil
        }
        if let value = parse(text.value, text.place) { return value }
        if let complaint = complaint(text.value, node) {
            let place = Place(line: text.place.line, column: text.place.column + complaint.columns)
            section.complain(place, complaint.text)
        } else {
            section.complain(
                text.place,
                "'\(text.value)' is no valid '\(key)' in \(section.title), expected \(expected)"
                    + (habit(text.value) ?? ""))
        }
        return nil
    }
}
