internal import ASCII
internal import Access
internal import HTTPProtocol
internal import YAML

// `headers` of a route: what is changed of requests and answers.
extension FieldRules {
    /// What is wrong with a name; nil = nothing.
    static func complaint(name: String) -> String? {
        if !isToken(name) { return "'\(name)' is no name of a header field" }
        guard isFixed(name) else { return nil }
        return "'\(name)' belongs to one connection or to the handshake, and can't be changed"
    }

    static func check(_ name: String, _ place: Place, in section: Section) {
        if let text = complaint(name: name) { section.complain(place, text) }
    }

    /// RFC 9112, 3.2: a request without a Host, or with two, is none.
    private static let hostRule = Rule<Self> { rules, section in
        func isHost(_ name: String) -> Bool { name.lowercased() == "host" }
        for (key, isThere) in [
            ("remove", rules.remove.contains(where: isHost)),
            ("add", rules.add.contains { isHost($0.name) }),
        ] where isThere {
            section.complain(
                section.keyPlace(key) ?? section.place,
                "every request has one 'Host': it can be set, and neither removed nor added")
        }
    }

    static let table = Table("Changes to the fields of a head.", start: Self(), rules: [hostRule]) {
        values("set", \.set, "Fields that get this value, whatever they had before.")
        values("add", \.add, "Lines that are added to the present ones.")
        Key.list("remove", \.remove, .fieldName, "Fields that are removed.", example: "Cookie")
    }

    /// A mapping of names of fields to values with variables.
    private static func values(
        _ name: String, _ path: any WritableKeyPath<Self, [Entry]> & Sendable, _ about: String
    ) -> Key<Self> {
        let variables =
            FieldTemplate.Variable.names.keys.sorted().map { "${\($0)}" } + ["${claim.NAME}"]
        return Key(
            entry: Configuration.Entry(
                name: name, about: about + " Variables: \(variables.joined(separator: ", ")).",
                kind: .words(Scalar<String>.text.form), example: "{ X-Tenant: blue }"),
            read: { rules, section in
                let part = section.section(name)
                for (field, place, node) in part.entries {
                    guard let value = FieldTemplate.read(node, field, in: part) else { continue }
                    check(field, place, in: part)
                    rules[keyPath: path].append(Entry(field, value))
                }
                return true
            },
            show: { rules in
                let pairs = rules[keyPath: path].map { entry in
                    Shown.Pair(
                        name: entry.name, value: .scalar(.init(text: entry.value.spelling, isText: true)))
                }
                return pairs.isEmpty ? nil : .map(pairs)
            })
    }
}

extension FieldTemplate {
    /// What is wrong with a text that stands in a field's value; nil = nothing.
    static func complaint(value text: String) -> String? {
        text.utf8.allSatisfy { $0 >= .space && $0 != .delete || $0 == .tab }
            ? nil : "a field's value is one line without control characters"
    }

    /// A value in which some names between `${` and `}` are ours; the others are of the environment.
    static func read(_ node: Node, _ key: String, in section: Section) -> FieldTemplate? {
        guard let scalar = node.scalar else {
            section.complain(node.place, "'\(key)' in \(section.title) must be a single value")
            return nil
        }
        var parts: [Part] = []
        var plain = ""
        var rest = scalar.string[...]
        while let next = rest.first {
            if rest.hasPrefix("${"), let end = rest.firstIndex(of: "}"),
                let variable = Variable(String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end]))
            {
                guard let text = expand(plain, node, in: section) else { return nil }
                if !text.isEmpty { parts.append(.text(text)) }
                plain = ""
                parts.append(.variable(variable))
                rest = rest[rest.index(after: end)...]
            } else {
                plain.append(next)
                rest = rest.dropFirst()
            }
        }
        guard let text = expand(plain, node, in: section) else { return nil }
        if !text.isEmpty || parts.isEmpty { parts.append(.text(text)) }
        let template = FieldTemplate(parts)
        if let text = complaint(value: template.spelling) { section.complain(node.place, text) }
        return template
    }

    private static func expand(_ text: String, _ node: Node, in section: Section) -> String? {
        switch Variables.expand(text, section.complaints.environment) {
        case .success(let text): return text
        case .failure(let problem):
            let known = Variable.names.keys.sorted().joined(separator: ", ")
            section.complain(node.place, "\(problem.text); variables of requests are \(known), claim.NAME")
            return nil
        }
    }

    /// As it is written.
    var spelling: String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .variable(.claim(let name)): "${claim.\(name)}"
            case .variable(let variable):
                "${\(Variable.names.first { $0.value == variable }?.key ?? "")}"
            }
        }.joined()
    }
}

extension RouteConfiguration {
    static let fieldRules = Table(
        "Changes to the fields of requests and of answers.", start: Self(over: ProxyConfiguration())
    ) {
        Key.section("request", \.requestFields, FieldRules.table, title: "'request' of 'headers'")
        Key.section("response", \.responseFields, FieldRules.table, title: "'response' of 'headers'")
    }
}
