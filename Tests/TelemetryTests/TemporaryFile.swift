import Foundation

/// A file that goes away with its owner.
final class TemporaryFile {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path

    init() throws { try Data().write(to: URL(filePath: path)) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
