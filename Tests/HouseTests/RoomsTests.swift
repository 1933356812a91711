import Testing

/// The folders of the shell depend one way, so that each can be read with what lies below it.
@Suite("The rooms of the shell")
struct RoomsTests {
    /// Each folder with those that it may use; who is used comes first.
    private static let arrows: [(room: String, uses: Set<String>)] = [
        ("Metrics", []),
        ("Faults", ["Metrics"]),
        ("Observation", ["Metrics", "Faults"]),
        ("Context", ["Metrics", "Faults", "Observation"]),
        ("Transport", ["Metrics", "Faults", "Context"]),
        ("Certificates", ["Faults", "Observation", "Context", "Transport"]),
        ("Plan", ["Metrics", "Faults", "Observation", "Context", "Transport"]),
        ("Upstream", ["Metrics", "Faults", "Observation", "Context", "Transport", "Plan"]),
        ("Exchange", ["Metrics", "Faults", "Observation", "Context", "Transport", "Plan", "Upstream"]),
        ("Access", ["Faults", "Observation", "Context", "Plan", "Upstream", "Exchange"]),
        ("Generation", ["Observation", "Context", "Certificates", "Plan", "Upstream", "Access"]),
        (
            "Relay",
            ["Metrics", "Faults", "Observation", "Context", "Transport", "Plan", "Upstream", "Access"]
        ),
        (
            "Broadcast",
            ["Metrics", "Faults", "Observation", "Context", "Transport", "Plan", "Upstream", "Relay"]
        ),
        (
            "Client",
            [
                "Faults", "Observation", "Context", "Transport", "Plan", "Upstream", "Exchange", "Access",
                "Generation", "Relay", "Broadcast",
            ]
        ),
        ("Admin", ["Faults", "Observation", "Transport", "Plan", "Client"]),
        ("Accept", ["Faults", "Observation", "Context", "Transport", "Plan", "Client"]),
        (
            "Worker",
            [
                "Faults", "Observation", "Context", "Plan", "Upstream", "Generation", "Relay", "Client",
                "Accept",
            ]
        ),
        (
            "Lifecycle",
            [
                "Faults", "Observation", "Context", "Certificates", "Plan", "Upstream", "Generation", "Admin",
                "Worker",
            ]
        ),
        ("Demo", ["Plan", "Worker", "Lifecycle"]),
    ]

    /// Pairs of folders that still depend both ways, as `Lower > Upper`, each with what the lower one uses of the upper
    /// one. What is not written here fails, and so does what is written and gone.
    private static let debts: [String: Set<String>] = [:]

    /// A line without its comment and its texts.
    static func code(_ line: Substring) -> String {
        if line.drop(while: { $0 == " " }).hasPrefix("//") { return "" }
        let code = line.firstRange(of: " // ").map { line[..<$0.lowerBound] } ?? line
        let parts = code.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset.isMultiple(of: 2) }.map { String($0.element) }.joined(
            separator: "\"\"")
    }

    private static func words(_ line: String) -> [Substring] {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// The types that a file declares for all.
    static func declared(_ lines: [Substring]) -> [Substring] {
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
        return lines.compactMap { line in
            guard line.first?.isLetter == true || line.first == "@" else { return nil }
            let words = line.split { $0 == " " || $0 == ":" || $0 == "<" || $0 == "(" }
            guard !words.contains("private"), let kind = words.firstIndex(where: { kinds.contains($0) }),
                kind + 1 < words.count
            else { return nil }
            return words[kind + 1]
        }
    }

    /// By folder and folder, the types that the first uses of the second.
    ///
    /// - Parameter files: the folder of each, and its lines.
    static func uses(_ files: [(room: String, lines: [Substring])]) -> [String: [String: Set<String>]] {
        var homes: [Substring: String] = [:]
        for file in files { for type in declared(file.lines) { homes[type] = file.room } }
        var uses: [String: [String: Set<String>]] = [:]
        for file in files {
            for line in file.lines {
                for word in words(code(line)) where word.first?.isUppercase == true {
                    guard let home = homes[word], home != file.room else { continue }
                    uses[file.room, default: [:]][home, default: []].insert(String(word))
                }
            }
        }
        return uses
    }

    /// What breaks the rule: uses that the table and the debts don't have, and debts that nobody has any more.
    static func complaints(
        _ uses: [String: [String: Set<String>]], _ arrows: [(room: String, uses: Set<String>)],
        _ debts: [String: Set<String>]
    ) -> [String] {
        var complaints: [String] = []
        var open = debts
        for (room, used) in uses {
            let allowed = arrows.first { $0.room == room }?.uses ?? []
            for (other, types) in used where !allowed.contains(other) {
                let debt = open.removeValue(forKey: "\(room) > \(other)") ?? []
                for type in types.subtracting(debt) { complaints.append("\(room) uses \(type) of \(other)") }
                for type in debt.subtracting(types) {
                    complaints.append("\(room) no longer uses \(type) of \(other): take it off the debts")
                }
            }
        }
        complaints += open.keys.map { "\($0) is no debt any more" }
        return complaints.sorted()
    }

    @Test("no folder uses one above it, but for the debts that are named")
    func everything() throws {
        let files = try House.sources().filter { $0.module == "Proxy" }.map { file in
            (room: String(file.path.split(separator: "/")[1]), lines: file.lines)
        }
        #expect(Self.complaints(Self.uses(files), Self.arrows, Self.debts) == [])
        #expect(Set(files.map(\.room)) == Set(Self.arrows.map(\.room)))
    }

    @Test("the table has no circle: each folder stands below those that use it")
    func order() {
        var below: Set<String> = []
        for (room, uses) in Self.arrows {
            #expect(uses.isSubset(of: below), "\(room)")
            below.insert(room)
        }
    }

    @Test("a use that is not allowed, a new one beside a debt and a debt that is paid are found")
    func violations() {
        let low = "final class Low {\n    let high: High  // Higher\n    let text = \"Higher\"\n}"
        let high = "struct High {}\nstruct Higher { let low: Low }\nprivate struct Own {}"
        let files = [("Cellar", low), ("Attic", high)].map {
            (room: $0.0, lines: $0.1.split(separator: "\n"))
        }
        let uses = Self.uses(files)
        #expect(uses == ["Cellar": ["Attic": ["High"]], "Attic": ["Cellar": ["Low"]]])
        let arrows: [(room: String, uses: Set<String>)] = [("Cellar", []), ("Attic", ["Cellar"])]
        #expect(Self.complaints(uses, arrows, [:]) == ["Cellar uses High of Attic"])
        #expect(Self.complaints(uses, arrows, ["Cellar > Attic": ["High"]]) == [])
        #expect(Self.complaints(uses, arrows, ["Cellar > Attic": ["High", "Higher"]]).count == 1)
        #expect(Self.complaints([:], arrows, ["Cellar > Attic": ["High"]]).count == 1)
    }
}
