internal import YAML

/// Keys with more than one of a kind.
extension Key {
    /// A list of scalars.
    ///
    /// - Parameter empty: the complaint about a list that has nothing in it, from the section's title; nil = none.
    static func list<Item: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, [Item]> & Sendable, _ scalar: Scalar<Item>,
        _ about: String, example: String? = nil, empty: (@Sendable (String) -> String)? = nil
    ) -> Key {
        Key(
            entry: Entry(
                name: name, about: about, kind: .list(scalar.form, least: empty == nil ? 0 : 1),
                example: example),
            read: { root, section in
                guard section.hasKey(name) else { return true }
                root[keyPath: path] = section.list(name).compactMap { scalar.read($0, name, in: section) }
                if let empty, section.lacks(name) { section.complain(section.place, empty(section.title)) }
                return true
            },
            show: { .list($0[keyPath: path].compactMap(scalar.shown)) })
    }

    /// A list of scalars that is absent unless it is written, be it with nothing in it.
    static func optionalList<Item: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, [Item]?> & Sendable, _ scalar: Scalar<Item>,
        _ about: String, example: String, unset: String? = nil
    ) -> Key {
        Key(
            entry: Entry(
                name: name, about: about, kind: .list(scalar.form, least: 0), example: example, unset: unset),
            read: { root, section in
                guard section.hasKey(name) else { return true }
                root[keyPath: path] = section.list(name).compactMap { scalar.read($0, name, in: section) }
                return true
            },
            show: { root in root[keyPath: path].map { .list($0.compactMap(scalar.shown)) } })
    }

    /// A list of mappings.
    ///
    /// - Parameters:
    ///   - start: what an item is before it is read, from what was read before.
    ///   - title: how complaints name an item, from its number and the title around it.
    ///   - usual: the key that a lone value is taken for.
    ///   - lacking: the complaint where there is none, from the section's title; told whether the key is absent. nil = there
    ///     may be none.
    ///   - check: what is to be said of an item together with what was read before, the items before it included.
    static func sections<Item: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, [Item]> & Sendable, _ table: Table<Item>,
        title: @escaping @Sendable (Int, String) -> String, usual: String? = nil,
        lacking: (@Sendable (String, _ isAbsent: Bool) -> String)?,
        start: @escaping @Sendable (Root) -> Item,
        check: @escaping @Sendable (Item, Section, Root) -> Void = { _, _, _ in }
    ) -> Key {
        Key(
            entry: Entry(
                name: name, about: table.outline.about,
                kind: .sections(table.outline, least: lacking == nil ? 0 : 1), isRequired: lacking != nil),
            read: { root, section in
                if let lacking, section.lacks(name) {
                    section.complain(section.place, lacking(section.title, !section.hasKey(name)))
                }
                // One that may be absent may be inherited.
                guard lacking != nil || section.hasKey(name) else { return true }
                root[keyPath: path] = []
                for (index, node) in section.list(name).enumerated() {
                    let item = Section(
                        node, title: title(index + 1, section.title), place: node.place, section.complaints,
                        usual: usual)
                    guard let value = table.read(item, over: start(root)) else { continue }
                    check(value, item, root)
                    root[keyPath: path].append(value)
                }
                return true
            },
            show: { .list($0[keyPath: path].map(table.show)) })
    }

    /// Mappings by names of the operator's.
    ///
    /// - Parameter kind: with the name it is how complaints name one.
    static func named<Item: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, [String: Item]> & Sendable, _ table: Table<Item>,
        kind: String, example: String
    ) -> Key {
        Key(
            entry: Entry(
                name: name, about: table.outline.about, kind: .named(table.outline), example: example),
            read: { root, section in
                for (name, place, node) in section.section(name).entries {
                    let item = Section(node, title: "\(kind) '\(name)'", place: place, section.complaints)
                    root[keyPath: path][name] = table.read(item, over: table.start) ?? table.start
                }
                return true
            },
            show: { root in
                let items = root[keyPath: path].sorted { $0.key < $1.key }
                return items.isEmpty
                    ? nil : .map(items.map { .init(name: $0.key, value: table.show($0.value)) })
            })
    }
}
