import Access
import EventLoop
import Foundation
import Testing

@testable import Proxy

@Suite("Revocations in a file")
struct RevocationFileTests {
    private func inFolder(_ body: (_ path: String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appending(path: "revocations.json").path())
    }

    @Test("what is written is read again, whatever it names")
    func roundTrip() throws {
        try inFolder { path in
            #expect(try RevocationFile(path).kept.isEmpty)
            var list = RevocationList()
            let all = [
                try #require(Revocation(subject: "ada \"ü\"\n")), try #require(Revocation(tokenID: "t/1")),
                try #require(Revocation(subject: "", issuedBefore: 1_764_240_000.25)),
                try #require(Revocation(subject: "a", tokenID: "b", issuedBefore: 0)),
            ]
            for (index, revocation) in all.enumerated() {
                let isNew = list.add(revocation, until: 2e9 + Double(index) + 0.125, now: 1)
                #expect(isNew)
            }
            try RevocationFile(path).write(list)
            let kept = try RevocationFile(path).kept
            #expect(kept.map(\.revocation) == all && kept.map(\.until) == list.all.map(\.until))
            try RevocationFile(path).write(RevocationList())
            #expect(try RevocationFile(path).kept.isEmpty)
        }
    }

    @Test("the largest list there can be is read again, and a larger one is not taken in part")
    func largest() throws {
        try inFolder { path in
            var list = RevocationList()
            // Of bytes that take six each in JSON.
            let name = String(repeating: "\u{1}", count: RevocationList.mostBytes / RevocationList.most - 6)
            var number = 0
            while let revocation = Revocation(
                subject: name + "\(number)", issuedBefore: 1_764_240_000.123456),
                list.add(revocation, until: 2_764_240_000.123456, now: 1)
            {
                number += 1
            }
            #expect(number == RevocationList.most)
            try RevocationFile(path).write(list)
            #expect(try RevocationFile(path).kept.count == number)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let more = #"{"revocations":[{"subject":"one more","until":2764240000},"#
            let start = try #require(text.firstIndex(of: "["))
            try (more + text[text.index(after: start)...]).write(
                toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: RevocationFile.Trouble.tooMany) { try RevocationFile(path) }
            // What has ended counts no longer.
            #expect(try RevocationFile(path, now: 2_764_240_000).kept.count == number)
        }
    }

    @Test(
        "a file that is none is not taken, as a whole",
        arguments: [
            "", "{", "[]", "{}", #"{"revocations":{}}"#, #"{"revocations":[{}]}"#,
            #"{"revocations":[{"subject":"a"}]}"#, #"{"revocations":[{"until":1}]}"#,
            #"{"revocations":[{"subject":"a","until":"1"}]}"#,
            #"{"revocations":[{"subject":"a","until":1},{"subject":7,"until":1}]}"#,
        ])
    func garbled(text: String) throws {
        try inFolder { path in
            try Data(text.utf8).write(to: URL(filePath: path))
            #expect(throws: RevocationFile.Trouble.garbled) { try RevocationFile(path) }
        }
    }

    @Test("a file that can't be read is not taken for one that isn't there")
    func unreadable() throws {
        try inFolder { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(throws: RevocationFile.Trouble.self) { try RevocationFile(path) }
        }
    }
}
