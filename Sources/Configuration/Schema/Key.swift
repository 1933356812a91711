internal import YAML

extension Key {
    /// A key with a scalar.
    ///
    /// - Parameters:
    ///   - path: where the value goes, and where its default is.
    ///   - about: the line that explains it.
    ///   - isRequired: there is no default.
    ///   - example: what may stand there, where there is no default.
    static func value<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ scalar: Scalar<Value>,
        _ about: String, isRequired: Bool = false, example: String? = nil, unset: String? = nil
    ) -> Key {
        let scalar = isRequired ? scalar.filled : scalar
        return Key(
            entry: Entry(
                name: name, about: about, kind: .scalar(scalar.form), isRequired: isRequired,
                example: example,
                unset: unset),
            read: { root, section in
                guard let node = section.node(name) else {
                    if isRequired {
                        section.complain(section.place, "missing required key '\(name)' in \(section.title)")
                    }
                    return !isRequired
                }
                guard let value = scalar.read(node, name, in: section) else { return !isRequired }
                root[keyPath: path] = value
                return true
            },
            show: { scalar.shown($0[keyPath: path]) })
    }

    /// A key with a scalar that may be left out, which is no value then.
    ///
    /// - Parameter unset: what it means to leave it out.
    static func optional<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, _ scalar: Scalar<Value>,
        _ about: String, example: String, unset: String? = nil
    ) -> Key {
        value(name, path, scalar.optional, about, example: example, unset: unset)
    }

    /// The same key, of those that one of must be there: files that are made begin with it.
    var usual: Key {
        var copy = self
        copy.entry.isUsual = true
        return copy
    }

    /// The same key, whose value says in complaints which of its kind a section is: `route 'chat'`.
    func naming(_ kind: String) -> Key {
        let read = read
        return Key(
            entry: entry,
            read: { root, section in
                guard read(&root, section) else { return false }
                if let name = section.node(entry.name)?.scalar?.string { section.title = "\(kind) '\(name)'" }
                return true
            }, show: show)
    }

    // MARK: Sections

    /// A key with a mapping of keys that have their own places in the value.
    ///
    /// - Parameters:
    ///   - path: what the table fills; `\.self` where that is no part but the whole.
    ///   - title: how complaints name it; nil = by its key, and the section around it.
    static func section<Part: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Part> & Sendable, _ table: Table<Part>,
        title: String? = nil,
        isInherited: Bool = false
    ) -> Key {
        Key(
            entry: Entry(
                name: name, about: table.outline.about,
                kind: .section(table.outline, isInherited ? .inherited : .always)),
            read: { root, section in
                let part = section.section(name, title: title)
                if let value = table.read(part, over: root[keyPath: path]) { root[keyPath: path] = value }
                return true
            },
            show: { root in
                let shown = table.show(root[keyPath: path])
                return shown == .map([]) ? nil : shown
            })
    }

    /// A key with a mapping that is absent unless it is written.
    ///
    /// - Parameters:
    ///   - canBeOff: `off` is as good as nothing.
    ///   - check: what is to be said of it together with what was read before.
    static func optionalSection<Part: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Part?> & Sendable, _ table: Table<Part>,
        title: String? = nil, canBeOff: Bool = false, unset: String? = nil,
        check: @escaping @Sendable (Part, Section, Root) -> Void = { _, _, _ in }
    ) -> Key {
        Key(
            entry: Entry(
                name: name, about: table.outline.about,
                kind: .section(table.outline, canBeOff ? .off : .optional), unset: unset),
            read: { root, section in
                guard let node = section.node(name) else { return true }
                if canBeOff, let word = node.scalar?.string, Quantity.flag(word) == false { return true }
                let part = section.section(name, title: title)
                guard let value = table.read(part, over: table.start) else { return true }
                check(value, part, root)
                root[keyPath: path] = value
                return true
            },
            show: { root in root[keyPath: path].map(table.show) })
    }
}
