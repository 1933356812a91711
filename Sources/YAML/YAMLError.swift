/// Why a text is no YAML that we take.
package enum YAMLError: Error, Equatable {
    /// The grammar is broken, in libyaml's words.
    case syntax(problem: String, Node.Mark)
    /// A key stands twice in one mapping; the place is the second one's.
    case repeatedKey(String, Node.Mark)
    /// An alias whose anchor doesn't stand before it.
    case unknownAlias(String, Node.Mark)
    /// More levels than `Composer.mostLevels`.
    case tooDeep(Node.Mark)
    /// More documents than one.
    case secondDocument(Node.Mark)
    /// There was no memory for it.
    case memory

    /// Where it was noticed.
    package var mark: Node.Mark {
        switch self {
        case .syntax(_, let mark), .repeatedKey(_, let mark), .unknownAlias(_, let mark), .tooDeep(let mark),
            .secondDocument(let mark):
            mark
        case .memory: Node.Mark(line: 1, column: 1)
        }
    }

    /// For people: lower case, no full stop.
    package var text: String {
        switch self {
        case .syntax(let problem, _): "not valid YAML: \(problem)"
        case .repeatedKey(let key, _): "key written twice: '\(key)'"
        case .unknownAlias(let name, _): "not valid YAML: no '&\(name)' stands before '*\(name)'"
        case .tooDeep: "not valid here: more than \(Composer.mostLevels) levels"
        case .secondDocument: "not valid here: a second document, expected one"
        case .memory: "not read: out of memory"
        }
    }
}
