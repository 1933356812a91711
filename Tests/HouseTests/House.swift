import Foundation

/// The tree that the house is made of.
enum House {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// One Swift file below Sources or Tests.
    struct File {
        /// Below the folder, e.g. `Routing/RouteTable.swift`.
        let path: String
        let lines: [Substring]

        /// The first part of the path.
        var module: String { String(path.prefix { $0 != "/" }) }
        /// Without folder and ending, e.g. `RouteTable`.
        var name: String { String(path.split(separator: "/").last?.dropLast(".swift".count) ?? "") }
    }

    static func sources() throws -> [File] { try files("Sources") }

    static func files(_ folder: String) throws -> [File] {
        let base = root.appending(path: folder).path
        let paths = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return try paths.sorted().filter { $0.hasSuffix(".swift") }.map { path in
            let text = try String(contentsOfFile: base + "/" + path, encoding: .utf8)
            return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }
}
