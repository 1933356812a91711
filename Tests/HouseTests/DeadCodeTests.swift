import Testing

/// What nothing in Sources names is not there.
///
/// It goes by names: a declaration whose name stands nowhere else is dead, whatever it is. One that shares its name with
/// something alive is not found.
@Suite("Dead code")
struct DeadCodeTests {
    /// Named by tests only, each with the reason.
    private static let excused: [String: String] = [
        "buildBlock": "called by the compiler where keys are listed",
        "buildExpression": "called by the compiler where keys are listed",
        "kinds": "the size of what must stay bounded",
        "frameBuffers": "what sessions take, to come back",
    ]
    private static let kinds: Set<Substring> = [
        "func", "var", "let", "struct", "class", "enum", "protocol", "typealias", "case",
    ]

    private static func words(_ line: Substring) -> [Substring] {
        line.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) && $0 != "_" }
    }

    /// A line without its comment.
    private static func code(_ line: Substring) -> Substring {
        guard !line.drop(while: { $0 == " " }).hasPrefix("//") else { return "" }
        let parts = line.split(separator: " // ", maxSplits: 1, omittingEmptySubsequences: false)
        return parts[0]
    }

    /// Whether it declares a case; the others are patterns of a switch.
    private static func isCase(_ line: Substring) -> Bool {
        let text = line.drop { $0 == " " }
        return text.hasPrefix("case ") && text.dropFirst(5).first?.isLowercase == true && !text.contains(":")
    }

    /// The name that a line declares, for all of its file to see. Deeper lines belong to the body of something.
    static func declared(_ line: Substring) -> Substring? {
        guard line.prefix(while: { $0 == " " }).count <= 8, !line.contains("override ") else { return nil }
        let words = words(line)
        guard let place = words.firstIndex(where: { kinds.contains($0) }), place + 1 < words.count,
            words[place] != "case" || isCase(line)
        else { return nil }
        return words[place + 1]
    }

    /// Names that are declared and stand nowhere else.
    static func dead(_ files: [[Substring]]) -> [String] {
        var mentions: [Substring: Int] = [:]
        var declarations: [Substring: Int] = [:]
        for line in files.joined().map(code) {
            for word in words(line) { mentions[word, default: 0] += 1 }
            if let name = declared(line) { declarations[name, default: 0] += 1 }
        }
        return declarations.filter { mentions[$0.key] == $0.value }.keys.map(String.init).sorted()
    }

    @Test("every declaration is named by another line")
    func everything() throws {
        let found = Self.dead(try House.sources().map(\.lines))
        #expect(found.filter { Self.excused[$0] == nil } == [])
        #expect(Set(Self.excused.keys).subtracting(found).sorted() == [], "excused, and in use or not there")
    }

    @Test("what nothing names is found, what is called or overrides is not")
    func violations() {
        let text = """
            struct Used {
                // lonely is dead though a comment names it
                var lonely = 1
                func called() { let local = 1 }
                override func inherited() {}
                    case .some(let value):
                enum Twins { case one, gone }
                func twin() {}
                func twin() {}
            }
            extension Used { static let start = Used().called(); let a = Twins.one }
            """
        #expect(Self.dead([text.split(separator: "\n")]) == ["lonely", "start", "twin"])
    }
}
