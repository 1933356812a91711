import Configuration
import Foundation
import Testing

/// What the documentation names is there.
@Suite("Documentation")
struct DocumentationTests {
    /// The files of Sources that an article names in backticks, e.g. `Proxy/Relay/Leg.swift`.
    static func namedFiles(_ text: String) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) && $0.element.hasSuffix(".swift") }
            .map { String($0.element) }
    }

    /// Those of them that do not exist, by their way from `Sources` or from the top.
    static func missing(_ text: String, among files: Set<String>) -> [String] {
        namedFiles(text).filter {
            !files.contains($0)
                && !FileManager.default.fileExists(atPath: House.root.appending(path: $0).path)
        }
    }

    @Test("every file that an article names exists; the life of a session names a file for each step")
    func files() throws {
        let files = Set(try House.sources().map(\.path))
        let folder = House.root.appending(path: "Sources/Proxy/Proxy.docc")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasSuffix(".md") {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            #expect(Self.missing(text, among: files) == [], "\(name)")
            if name == "LifeOfASession.md" { #expect(Self.namedFiles(text).count > 25) }
        }
    }

    @Test("the catalogue's first page names every article, and every folder of the module")
    func firstPage() throws {
        let module = House.root.appending(path: "Sources/Proxy").path
        let page = try String(contentsOfFile: module + "/Proxy.docc/Proxy.md", encoding: .utf8)
        for name in try FileManager.default.contentsOfDirectory(atPath: module) where !name.contains(".") {
            #expect(page.contains("| `\(name)/` |"), "\(name)")
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: module + "/Proxy.docc")
        where name.hasSuffix(".md") && name != "Proxy.md" {
            #expect(page.contains("- <doc:\(name.dropLast(3))>"), "\(name)")
        }
    }

    /// The files and folders that a text names by their way from the top: the first word of what stands in backticks.
    static func namedPaths(_ text: String) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }
            .compactMap { $0.element.split(separator: " ").first.map(String.init) }
            .filter { word in ["Tests/", "Sources/", "deploy/"].contains { word.hasPrefix($0) } }
    }

    @Test(
        "what the article for contributors names is there, and the switches of Tests/run are those that it has"
    )
    func contributing() throws {
        let page = House.root.appending(path: "Sources/Proxy/Proxy.docc/Contributing.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let named = Self.namedPaths(text)
        #expect(named.count > 15)
        for path in named {
            let place = House.root.appending(path: path).path
            #expect(FileManager.default.fileExists(atPath: place), "\(path)")
        }
        let script = try String(contentsOf: House.root.appending(path: "Tests/run"), encoding: .utf8)
        for word in ["--unit", "--interop", "--full", "--sanitize", "--no-install"] {
            #expect(text.contains(word) && script.contains("\(word)"), "\(word)")
        }
    }

    @Test("every target has a catalogue page, which names its articles and files that exist")
    func catalogues() throws {
        let sources = House.root.appending(path: "Sources").path
        for module in try FileManager.default.contentsOfDirectory(atPath: sources) {
            let folder = "\(sources)/\(module)"
            let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
            guard files.contains(where: { $0.hasSuffix(".swift") }) else { continue }
            let page = try String(contentsOfFile: "\(folder)/\(module).docc/\(module).md", encoding: .utf8)
            #expect(page.hasPrefix("# ``\(module)``\n\n"), "\(module)")
            #expect(Self.missing(page, among: Set(files.map { String($0) })) == [], "\(module)")
            for article in files where article.hasSuffix(".md") && !article.hasSuffix("/\(module).md") {
                let name = article.split(separator: "/").last?.dropLast(3) ?? ""
                #expect(page.contains("<doc:\(name)>"), "\(article)")
            }
        }
    }

    @Test("a file that is gone is found")
    func violations() {
        let text = "| relay | `Proxy/Relay/Leg.swift`, `Proxy/Relay/Gone.swift` | `buffer` |\n`x.swift"
        #expect(
            Self.missing(text, among: ["Proxy/Relay/Leg.swift"]) == ["Proxy/Relay/Gone.swift", "x.swift"])
        #expect(Self.missing("no names, `code` only", among: []) == [])
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: House.root.appending(path: path), encoding: .utf8)
    }

    @Test("the example configuration shows every key there is")
    func example() throws {
        let names = Set(ConfigurationTexts.keys.flatMap { $0.split(separator: ".").map(String.init) })
        #expect(names.count > 100)
        let words = Set(
            try Self.text("proxy.conf.example").split { !$0.isLetter && !$0.isNumber && $0 != "_" }
                .map(String.init))
        #expect(names.subtracting(words).sorted() == [])
    }

    @Test("the example's first line names the schema, from where it stands")
    func schemaLine() throws {
        let line = try Self.text("proxy.conf.example").prefix { $0 != "\n" }
        let name = try #require(line.split(separator: "# yaml-language-server: $schema=").first)
        #expect(
            FileManager.default.fileExists(atPath: House.root.appending(path: String(name)).path), "\(line)")
    }

    @Test("what is made from the tables of keys is as they are now", arguments: ["--reference", "--schema"])
    func made(flag: String) throws {
        let (path, text) =
            flag == "--schema"
            ? ("deploy/proxy.schema.json", ConfigurationTexts.schema)
            : ("Sources/Proxy/Proxy.docc/Configuration.md", ConfigurationTexts.reference)
        let isSame = try Self.text(path) == text
        #expect(isSame, "trunkline config \(flag) > \(path)")
    }
}
