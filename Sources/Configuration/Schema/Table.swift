/// The keys of one mapping, each declared once: from it come what is read, the names that are known, what is shown of a
/// value, the reference and the JSON Schema.
struct Table<Root: Sendable>: Sendable {
    let outline: Outline
    /// Nothing but defaults.
    let start: Root
    private let keys: [Key<Root>]
    private let rules: [Rule<Root>]

    /// - Parameters:
    ///   - start: the value that has every default.
    ///   - rules: what is to be said of several keys together, in this order, after all are read.
    init(
        _ about: String, start: Root, rules: [Rule<Root>] = [], @KeyList<Root> keys: () -> [Key<Root>]
    ) {
        self.start = start
        self.rules = rules
        self.keys = keys()
        let entries = self.keys.map { key in
            var entry = key.entry
            entry.initial = key.show(start)
            return entry
        }
        outline = Outline(about: about, entries: entries, rules: rules.compactMap(\.schema))
    }

    /// Reads a section over a value; nil where something is missing that can't be done without.
    func read(_ section: Section, over base: Root) -> Root? {
        guard !section.isOtherThing else { return nil }
        var value = base
        var isWhole = true
        for key in keys where !key.read(&value, section) { isWhole = false }
        for rule in rules { rule.check(&value, section) }
        section.finish(known: keys.map(\.entry.name))
        return isWhole ? value : nil
    }

    /// Every key that has a value.
    func show(_ value: Root) -> Shown {
        .map(keys.compactMap { key in key.show(value).map { Shown.Pair(name: key.entry.name, value: $0) } })
    }

    /// The rules that go with `keys(in:)`.
    func rules<Outer: Sendable>(in path: any WritableKeyPath<Outer, Root> & Sendable) -> [Rule<Outer>] {
        rules.map { rule in Rule<Outer>(schema: rule.schema) { rule.check(&$0[keyPath: path], $1) } }
    }

    /// The keys for a table of a larger value that stand among its own there.
    func keys<Outer: Sendable>(in path: any WritableKeyPath<Outer, Root> & Sendable) -> [Key<Outer>] {
        keys.map { key in
            Key<Outer>(
                entry: key.entry, read: { key.read(&$0[keyPath: path], $1) },
                show: { key.show($0[keyPath: path]) })
        }
    }
}

/// What is to be said of several keys together.
struct Rule<Root: Sendable>: Sendable {
    /// What a JSON Schema can say of it.
    let schema: JSON?
    let check: @Sendable (inout Root, Section) -> Void

    init(schema: JSON? = nil, _ check: @escaping @Sendable (inout Root, Section) -> Void) {
        self.schema = schema
        self.check = check
    }
}

/// One key of a table.
struct Key<Root: Sendable>: Sendable {
    var entry: Entry
    /// Reads it; false where it is missing or wrong and there is no doing without.
    let read: @Sendable (inout Root, Section) -> Bool
    /// nil where it would not be written.
    let show: @Sendable (Root) -> Shown?
}

/// Lets a table be written as a list of its keys. Each is typed for itself, which keeps compiling quick.
@resultBuilder
enum KeyList<Root: Sendable> {
    static func buildExpression(_ key: Key<Root>) -> [Key<Root>] { [key] }
    static func buildExpression(_ keys: [Key<Root>]) -> [Key<Root>] { keys }
    static func buildBlock(_ keys: [Key<Root>]...) -> [Key<Root>] { keys.flatMap(\.self) }
}
