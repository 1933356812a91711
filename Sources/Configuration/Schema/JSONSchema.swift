/// The JSON Schema of proxy.conf (draft 2020-12), with which editors complete and check it while one types.
enum JSONSchema {
    /// What the tables declare.
    static func document(_ outline: Outline) -> JSON {
        let root: JSON = [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "proxy.conf of Trunkline",
        ]
        guard case .object(let head) = root, case .object(let body) = section(outline) else { return root }
        return JSON.object(head + body).with("$defs", shared)
    }

    /// What many keys share. YAML of old and new reads `off` as false or as a word.
    private static let shared: JSON = [
        "variable": [
            "type": "string", "pattern": "\\$\\{", "description": "a text with an environment variable in it",
        ],
        "off": ["anyOf": [["const": false], ["type": "string", "pattern": .text("^(\(no))$")]]],
        "flag": ["anyOf": [["type": "boolean"], ["type": "string", "pattern": .text("^(\(yes)|\(no))$")]]],
        "duration": [
            "anyOf": [
                ["const": 0], ["const": false],
                ["type": "string", "pattern": .text("^([0-9]+(ms|s|m|h|d)|0|\(no))$")],
            ]
        ],
        "size": [
            "anyOf": [
                ["type": "integer", "minimum": 0], ["type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)?$"],
            ]
        ],
    ]
    private static let yes = "[Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]"
    private static let no = "[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]"

    private static func section(_ outline: Outline) -> JSON {
        let members = outline.entries.map { JSON.Member(name: $0.name, value: key($0)) }
        let required = outline.entries.filter(\.isRequired).map { JSON.text($0.name) }
        return (["type": "object"] as JSON)
            .with("required", required.isEmpty ? nil : .array(required))
            .with("properties", .object(members)).with("additionalProperties", false)
            .with("allOf", outline.rules.isEmpty ? nil : .array(outline.rules))
    }

    private static func key(_ entry: Entry) -> JSON {
        let described = value(entry.kind).with("description", .text(about(entry)))
        return described.with(
            "default", entry.isRequired ? nil : entry.initial.flatMap { json($0, entry.kind) })
    }

    /// The line that explains a key, without Markdown.
    private static func about(_ entry: Entry) -> String {
        let absent = entry.unset.map { " Absent: \($0)." } ?? ""
        return String((entry.about + absent).filter { $0 != "`" })
    }

    private static func value(_ kind: Entry.Kind) -> JSON {
        switch kind {
        case .scalar(let form): return scalar(form)
        case .list(let form, let least):
            return (["type": "array", "items": scalar(form)] as JSON).with(
                "minItems", least > 0 ? .number(least) : nil)
        case .words(let form): return ["type": ["object", "null"], "additionalProperties": scalar(form)]
        case .section(let outline, .off): return ["anyOf": [optional(outline), ["$ref": "#/$defs/off"]]]
        case .section(let outline, _): return optional(outline)
        case .sections(let outline, let least):
            return ["type": "array", "minItems": .number(least), "items": section(outline)]
        case .named(let outline):
            return ["type": ["object", "null"], "additionalProperties": section(outline)]
        case .either(let form, let outline): return ["anyOf": [scalar(form), section(outline)]]
        }
    }

    /// Nothing is a section of defaults, unless something in it is required.
    private static func optional(_ outline: Outline) -> JSON {
        let section = section(outline)
        return outline.entries.contains(where: \.isRequired)
            ? section : ["anyOf": [section, ["type": "null"]]]
    }

    private static func scalar(_ form: Form) -> JSON {
        ["anyOf": [form.schema, ["$ref": "#/$defs/variable"]]]
    }

    /// A default as JSON has it; nil for a section, whose keys have theirs.
    private static func json(_ shown: Shown, _ kind: Entry.Kind) -> JSON? {
        switch shown {
        case .scalar(let word):
            if !word.isText, let number = Quantity.number(word.text) { return .number(number) }
            return !word.isText && ["true", "false"].contains(word.text)
                ? .flag(word.text == "true") : .text(word.text)
        case .list(let items):
            guard case .list = kind else { return nil }
            return .array(items.compactMap { json($0, kind) })
        case .map: return nil
        }
    }
}
