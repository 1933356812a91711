import Foundation
import Testing

/// The rules of the house that a compiler doesn't check.
@Suite("The house")
struct ImportTableTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Who may import whom: imports run one way.
    private static let table: [String: Set<String>] = [
        "WebSocketProtocol": ["BasicContainers"],
        "PerMessageDeflate": ["BasicContainers", "CZlib", "HTTPProtocol"],
        "HTTPProtocol": [],
        "HTTP2Protocol": ["BasicContainers", "CNGHTTP2"],
        "TLS": ["COpenSSL", "Synchronization"],
        "Routing": ["Synchronization"],
        "EventLoop": ["BasicContainers", "CLinux", "Synchronization"],
        "Telemetry": ["Glibc", "Logging", "Synchronization"],
        "Configuration": ["Yams"],
        "Proxy": [
            "BasicContainers", "Configuration", "EventLoop", "HTTP2Protocol", "HTTPProtocol", "Logging",
            "PerMessageDeflate",
            "Routing",
            "Synchronization", "TLS", "Telemetry", "WebSocketProtocol", "Yams",
        ],
        "trunkline": ["ArgumentParser", "Configuration", "Proxy"],
    ]

    /// Unsafe code has an address.
    private static let unsafeModules: Set<String> = [
        "EventLoop", "TLS", "PerMessageDeflate", "HTTP2Protocol",
    ]
    private static let unsafeFiles: Set<String> = [
        "Masking.swift", "UTF8Kernel.swift", "UTF8Validator.swift", "LogTrouble.swift", "LogWriter.swift",
    ]

    private static func sources() throws -> [(module: String, file: URL, lines: [Substring])] {
        let folder = root.appending(path: "Sources")
        var found: [(String, URL, [Substring])] = []
        for module in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let files = FileManager.default.enumerator(
                at: folder.appending(path: module), includingPropertiesForKeys: nil)
            while let file = files?.nextObject() as? URL {
                guard file.pathExtension == "swift" else { continue }
                let text = try String(contentsOf: file, encoding: .utf8)
                found.append((module, file, text.split(separator: "\n", omittingEmptySubsequences: false)))
            }
        }
        return found
    }

    @Test("every import is in the table")
    func imports() throws {
        let sources = try Self.sources()
        #expect(sources.count > 60)
        for (module, file, lines) in sources {
            for line in lines
            where line.hasPrefix("import ") || line.contains(" import ") && !line.contains("//") {
                let name = String(line.split(separator: " ").last ?? "")
                #expect(
                    Self.table[module]?.contains(name) == true,
                    "\(module)/\(file.lastPathComponent) imports \(name)")
            }
        }
    }

    @Test("unsafe code is where it may be")
    func unsafeCode() throws {
        for (module, file, lines) in try Self.sources() where !Self.unsafeModules.contains(module) {
            guard !Self.unsafeFiles.contains(file.lastPathComponent) else { continue }
            for line in lines where !line.contains("//") {
                let words = line.split { !$0.isLetter }
                #expect(
                    !words.contains("unsafe") && !words.contains { $0.hasPrefix("Unsafe") },
                    "\(file.lastPathComponent): \(line)")
            }
        }
    }

    @Test("files are short, and nothing traps on purpose")
    func shape() throws {
        for (_, file, lines) in try Self.sources() {
            #expect(lines.count <= 400, "\(file.lastPathComponent) has \(lines.count) lines")
            for line in lines {
                #expect(!line.contains("fatalError(") && !line.contains("try!"), "\(file.lastPathComponent)")
            }
        }
    }

    @Test("the top level is what it should be")
    func topLevel() throws {
        let expected: Set<String> = [
            "Package.swift", "Sources", "Tests", "proxy.conf.example", "deploy", "README.md",
        ]
        let found = try FileManager.default.contentsOfDirectory(atPath: Self.root.path)
            .filter { !$0.hasPrefix(".") && $0 != "Package.resolved" }
        #expect(Set(found) == expected)
    }
}
