import Foundation
import FuzzTargets
import Testing

/// Every input that fuzzing found worth keeping is tried again.
struct CorpusTests {
    @Test(arguments: FuzzTarget.all.map(\.name))
    func noInputOfTheCorpusBreaksItsProperty(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fuzz/Corpora/\(name)")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count > 5)
        for file in files {
            let input = Array(try Data(contentsOf: file))
            #expect(target.check(input) == nil, "\(file.lastPathComponent)")
        }
    }
}
