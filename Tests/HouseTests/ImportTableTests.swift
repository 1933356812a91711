import Foundation
import Testing

/// The rules of the house that a compiler doesn't check.
@Suite("The house")
struct ImportTableTests {
    /// Who may import whom: imports run one way.
    private static let table: [String: Set<String>] = [
        "ASCII": [],
        "Durations": [],
        "HandedBytes": [],
        "WebSocketProtocol": ["BasicContainers"],
        "PerMessageDeflate": ["BasicContainers", "CZlib", "HTTPProtocol"],
        "HTTPProtocol": ["ASCII"],
        "HTTP2Protocol": ["BasicContainers", "CNGHTTP2"],
        "TLS": ["ASCII", "BasicContainers", "COpenSSL", "HandedBytes", "Synchronization"],
        "ACME": ["ASCII", "Access", "COpenSSL", "Durations"],
        "Patterns": ["CPCRE2"],
        "YAML": ["ASCII", "CYAML"],
        "Access": ["ASCII", "CAccess", "Durations", "HTTPProtocol"],
        "Routing": ["ASCII", "Durations", "Patterns", "Synchronization"],
        "EventLoop": ["BasicContainers", "CLinux", "Durations", "Synchronization"],
        "Telemetry": ["ASCII", "Glibc", "Logging", "Synchronization"],
        "Configuration": [
            "ASCII", "Access", "Durations", "HTTP2Protocol", "HTTPProtocol", "Patterns", "PerMessageDeflate",
            "Routing", "WebSocketProtocol", "YAML",
        ],
        "Proxy": [
            "ACME", "ASCII", "Access", "BasicContainers", "Configuration", "Durations", "EventLoop",
            "HTTP2Protocol",
            "HTTPProtocol", "HandedBytes",
            "Logging",
            "Patterns", "PerMessageDeflate",
            "Routing",
            "Synchronization", "TLS", "Telemetry", "WebSocketProtocol",
        ],
        "Operator": ["ACME", "ASCII", "Access", "Configuration", "Durations", "EventLoop", "HTTPProtocol"],
        "trunkline": ["ArgumentParser", "Configuration", "Operator", "Proxy"],
    ]

    /// Unsafe code has an address.
    private static let unsafeModules: Set<String> = [
        "EventLoop", "TLS", "PerMessageDeflate", "HTTP2Protocol", "Patterns", "YAML", "ACME",
    ]
    private static let unsafeFiles: Set<String> = [
        "Masking.swift", "UTF8Kernel.swift", "UTF8Validator.swift", "LogFile.swift", "LogTrouble.swift",
        "LogWriter.swift", "PasswordHash.swift", "VerificationKey.swift",
    ]

    @Test("every import is in the table")
    func imports() throws {
        let sources = try House.sources()
        #expect(sources.count > 60)
        for file in sources {
            for line in file.lines
            where line.hasPrefix("import ") || line.contains(" import ") && !line.contains("//") {
                let name = String(line.split(separator: " ").last ?? "")
                #expect(
                    Self.table[file.module]?.contains(name) == true,
                    "\(file.path) imports \(name)")
            }
        }
    }

    /// One that is not declared builds only where something else has built it before.
    @Test("each target below Tests declares the targets that it imports")
    func declaredImports() throws {
        let package = try String(contentsOf: House.root.appending(path: "Package.swift"), encoding: .utf8)
        var declared: [String: Set<String>] = [:]
        var folders: [(path: String, target: String)] = []
        for target in package.components(separatedBy: "arget(").dropFirst() {
            let parts = target.split(separator: "\"", omittingEmptySubsequences: false)
            // Every second part stands in quotes; the first of them is the target's name.
            let quoted = stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) }
            guard let name = quoted.first else { continue }
            declared[name] = Set(quoted.dropFirst())
            let path = parts.firstIndex { $0.hasSuffix("path: ") }.map { String(parts[$0 + 1]) }
            folders.append((path ?? "Tests/" + name, name))
        }
        #expect(declared.count > 30)
        var looked: Set<String> = []
        for file in try House.files("Tests") {
            guard let own = folders.first(where: { ("Tests/" + file.path).hasPrefix($0.path + "/") })?.target
            else { continue }
            looked.insert(own)
            for line in file.lines where line.contains("import ") && !line.contains("//") {
                let name = String(line.split(separator: " ").last ?? "")
                let isDeclared = declared[name] == nil || name == own || declared[own]?.contains(name) == true
                #expect(isDeclared, "\(file.path) imports \(name)")
            }
        }
        #expect(looked.isSuperset(of: ["ProxyTests", "FuzzTargets", "Chance", "headcheck"]))
    }

    @Test("unsafe code is where it may be")
    func unsafeCode() throws {
        for file in try House.sources() where !Self.unsafeModules.contains(file.module) {
            guard !Self.unsafeFiles.contains(file.name + ".swift") else { continue }
            for line in file.lines where !line.contains("//") {
                let words = line.split { !$0.isLetter }
                #expect(
                    !words.contains("unsafe") && !words.contains { $0.hasPrefix("Unsafe") },
                    "\(file.path): \(line)")
            }
        }
    }

    @Test("files are short, and nothing traps on purpose")
    func shape() throws {
        for file in try House.sources() {
            #expect(file.lines.count <= 400, "\(file.path) has \(file.lines.count) lines")
            for line in file.lines {
                #expect(!line.contains("fatalError(") && !line.contains("try!"), "\(file.path)")
            }
        }
    }

    @Test("the top level is what it should be")
    func topLevel() throws {
        let expected: Set<String> = [
            "Package.swift", "Sources", "Tests", "proxy.conf.example", "deploy", "README.md",
        ]
        let found = try FileManager.default.contentsOfDirectory(atPath: House.root.path)
            .filter { !$0.hasPrefix(".") && $0 != "Package.resolved" }
        #expect(Set(found) == expected)
    }
}
