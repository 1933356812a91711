/// How a scalar is spelled, for those who describe it.
struct Form: Sendable {
    /// For the reference, in Markdown.
    let words: String
    /// What a JSON Schema says of it. A text with a variable in it passes besides.
    let schema: JSON
    /// Any text, which is quoted where YAML would take it for something else.
    var isText = false
    /// Not for everybody's eyes.
    var isSecret = false
}

/// A key as it is described: all of it but how it is read into a value.
struct Entry: Sendable {
    /// What it takes.
    indirect enum Kind: Sendable {
        case scalar(Form)
        case list(Form, least: Int)
        /// A mapping whose names are the operator's, to scalars.
        case words(Form)
        case section(Outline, Presence)
        /// A list of mappings.
        case sections(Outline, least: Int)
        /// A mapping whose names are the operator's, to mappings.
        case named(Outline)
        /// A scalar, or a mapping.
        case either(Form, Outline)
    }

    /// Whether a section is there without being written.
    enum Presence: Sendable {
        case always
        /// Its keys have the values of the section of the same name at the top until it says otherwise.
        case inherited
        case optional
        /// Absent unless written; the word `off` is as good as nothing.
        case off
    }

    let name: String
    /// The line that explains it.
    let about: String
    let kind: Kind
    var isRequired = false
    /// There is no doing without it, but for another key.
    var isUsual = false
    /// What may stand there, where there is no default.
    var example: String?
    /// What it means to leave it out, where that is no value.
    fileprivate(set) var unset: String?
    /// The default; nil where there is none.
    var initial: Shown?
}

/// A table of keys as it is described.
struct Outline: Sendable {
    let about: String
    let entries: [Entry]
    /// What a JSON Schema can say of the keys together.
    let rules: [JSON]
}
