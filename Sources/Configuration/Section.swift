internal import Yams

/// Collects complaints while a text is read: all are reported, not the first.
final class Complaints {
    let file: String
    let environment: [String: String]
    private(set) var list: [Diagnostic] = []

    init(file: String, environment: [String: String]) {
        self.file = file
        self.environment = environment
    }

    func add(_ place: Place, _ text: String) { list.append(Diagnostic(file: file, place: place, text: text)) }

    func warn(_ place: Place, _ text: String) {
        list.append(Diagnostic(file: file, place: place, text: text, isWarning: true))
    }
}

extension Node {
    var place: Place { Place(line: max(mark?.line ?? 1, 1), column: max(mark?.column ?? 1, 1)) }
}

/// One mapping of the text. Keys that were never asked for are unknown, and complained of by `finish`.
final class Section {
    let complaints: Complaints
    /// How complaints name it, e.g. `upstream 'chat'`.
    var title: String
    let place: Place
    private var values: [(key: Node, value: Node)] = []
    private var known: [String] = []
    /// Something stands here that is no mapping. That was complained of, and nothing is said to be missing in it.
    private let isOtherThing: Bool

    /// - Parameter usual: the key that a lone value is taken for, in the complaint about it.
    init(_ node: Node?, title: String, place: Place, _ complaints: Complaints, usual: String? = nil) {
        self.title = title
        self.complaints = complaints
        self.place = node?.place ?? place
        isOtherThing = node.map { $0.mapping == nil && !Self.isNothing($0) } ?? false
        if isOtherThing {
            let hint = usual.flatMap { key in
                node?.scalar.map { ", did you mean { \(key): \"\($0.string)\" }?" }
            }
            complaints.add(self.place, "\(title) must be a mapping of keys and values" + (hint ?? ""))
        }
        for (key, value) in node?.mapping ?? [:] {
            if key.scalar == nil {
                complaints.add(key.place, "a key in \(title) must be a single word")
            } else {
                values.append((key, value))
            }
        }
    }

    private static func isNothing(_ node: Node) -> Bool {
        ["", "null", "~"].contains(node.scalar?.string ?? "?")
    }

    func node(_ key: String) -> Node? {
        if !known.contains(key) { known.append(key) }
        return values.first { $0.key.scalar?.string == key }?.value
    }

    /// The names of all keys, for mappings whose keys are the operator's own.
    var entries: [(name: String, place: Place, value: Node)] {
        values.map { ($0.key.scalar?.string ?? "", $0.key.place, $0.value) }
    }

    func section(_ key: String, title: String? = nil) -> Section {
        Section(node(key), title: title ?? "'\(key)'", place: place, complaints)
    }

    /// Where a key stands; nil when it is absent.
    func keyPlace(_ key: String) -> Place? { values.first { $0.key.scalar?.string == key }?.key.place }

    func hasKey(_ key: String) -> Bool { node(key) != nil }

    func finish() {
        for (key, _) in values {
            guard let name = key.scalar?.string, !known.contains(name) else { continue }
            let hint =
                Habits.key(name).map { ": \($0)" }
                ?? Spelling.nearest(to: name, in: known).map { ", did you mean '\($0)'?" }
                ?? ", expected one of: \(known.joined(separator: ", "))"
            complaints.add(key.place, "unknown key '\(name)' in \(title)\(hint)")
        }
    }

    /// Whether a list is absent or has no items; false for what is no list, which is complained of as such.
    func lacks(_ key: String) -> Bool {
        guard let node = node(key) else { return !isOtherThing }
        return node.sequence?.isEmpty ?? false
    }

    // MARK: Scalars

    func text(_ key: String) -> Located<String>? { node(key).flatMap { text($0, key) } }

    /// The value of a key that must be there, and must not be empty.
    func required(_ key: String) -> Located<String>? {
        let text = text(key)
        if !isOtherThing, !hasKey(key) {
            complaints.add(place, "missing required key '\(key)' in \(title)")
        }
        guard let text, text.value.isEmpty else { return text }
        complaints.add(text.place, "'\(key)' in \(title) is empty")
        return nil
    }

    /// A scalar with environment variables put in.
    func text(_ node: Node, _ what: String) -> Located<String>? {
        guard let scalar = node.scalar else {
            complaints.add(node.place, "'\(what)' in \(title) must be a single value")
            return nil
        }
        switch Variables.expand(scalar.string, complaints.environment) {
        case .success(let text): return Located(value: text, place: node.place)
        case .failure(let problem):
            complaints.add(node.place, problem.text)
            return nil
        }
    }

    func list(_ key: String) -> [Node] {
        guard let node = node(key) else { return [] }
        if let sequence = node.sequence { return Array(sequence) }
        complaints.add(node.place, "'\(key)' in \(title) must be a list")
        return []
    }

    /// A value of any kind that `parse` understands; else a complaint that says what was expected.
    ///
    /// - Parameter habit: the right spelling of what may have been meant.
    func value<T>(
        _ key: String, into target: inout T, expected: String, habit: (String) -> String? = { _ in nil },
        _ parse: (String) -> T?
    ) {
        guard let text = text(key) else { return }
        if let value = parse(text.value) {
            target = value
        } else {
            complaints.add(
                text.place,
                "'\(text.value)' is no valid '\(key)' in \(title), expected \(expected)"
                    + (habit(text.value) ?? ""))
        }
    }

    func duration(_ key: String, into target: inout UInt64) {
        value(
            key, into: &target, expected: "a duration such as 500ms, 5s, 2m, 1h, or 0 for off",
            habit: Habits.duration, Quantity.duration)
    }

    func size(_ key: String, into target: inout Int, least: Int = 0) {
        let expected = "a size such as 512B, 64KiB or 16MiB" + (least > 0 ? ", \(least)B or more" : "")
        value(key, into: &target, expected: expected, habit: Habits.size) { text in
            Quantity.size(text).flatMap { $0 >= least ? $0 : nil }
        }
    }

    func integer(_ key: String, into target: inout Int, _ range: ClosedRange<Int>) {
        let most = range.upperBound == .max ? "" : " to \(range.upperBound)"
        value(key, into: &target, expected: "a whole number from \(range.lowerBound)\(most)") { text in
            Quantity.number(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func flag(_ key: String, into target: inout Bool) {
        value(key, into: &target, expected: "true or false") { Quantity.flag($0) }
    }
}
