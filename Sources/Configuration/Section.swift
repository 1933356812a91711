internal import YAML

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
    var place: Place { Place(line: mark.line, column: mark.column) }
}

/// One mapping of the text, as its table reads it.
final class Section {
    let complaints: Complaints
    /// How complaints name it, e.g. `upstream 'chat'`.
    var title: String
    let place: Place
    /// Something stands here that is no mapping. That was complained of, and nothing is said to be missing in it.
    let isOtherThing: Bool
    private var values: [(key: Node, value: Node)] = []

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
        guard let mapping = node?.mapping else { return }
        for (key, value) in mapping {
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

    func node(_ key: String) -> Node? { values.first { $0.key.scalar?.string == key }?.value }

    /// The names of all keys, for mappings whose keys are the operator's own.
    var entries: [(name: String, place: Place, value: Node)] {
        values.map { ($0.key.scalar?.string ?? "", $0.key.place, $0.value) }
    }

    /// - Parameter title: nil = its key, and where that is.
    func section(_ key: String, title: String? = nil) -> Section {
        Section(
            node(key), title: title ?? (isTop ? "'\(key)'" : "'\(key)' of \(self.title)"), place: place,
            complaints)
    }

    /// What the whole text is called.
    static let top = "the configuration"
    private var isTop: Bool { title == Self.top }

    /// Where a key stands; nil when it is absent.
    func keyPlace(_ key: String) -> Place? { values.first { $0.key.scalar?.string == key }?.key.place }

    func hasKey(_ key: String) -> Bool { node(key) != nil }

    /// Complains of the keys that are none.
    func finish(known: [String]) {
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

    func complain(_ place: Place, _ text: String) { complaints.add(place, text) }

    func warn(_ place: Place, _ text: String) { complaints.warn(place, text) }

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
        if let sequence = node.sequence { return sequence }
        complaints.add(node.place, "'\(key)' in \(title) must be a list")
        return []
    }
}
