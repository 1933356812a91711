import EventLoop
import Foundation
import HTTPProtocol
import Testing

@testable import ACME
@testable import Proxy
@testable import TLS

@Suite("The storage of certificates")
struct CertificateStorageTests {
    private func scratch(_ test: (CertificateStorage, String) throws -> Void) throws {
        let path = "/tmp/trunkline-test-\(UInt32.random(in: 0...UInt32.max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try test(CertificateStorage(path), path)
    }

    @Test("an account is made once, found again, and changes its key")
    func accounts() throws {
        try scratch { storage, path in
            try storage.prepare()
            var link = try storage.link("https://ca/dir")
            #expect(link.account == nil)
            link.account = "https://ca/acct/1"
            try storage.save(link, for: "https://ca/dir")
            let again = try storage.link("https://ca/dir")
            #expect(again.account == "https://ca/acct/1" && again.key.thumbprint == link.key.thumbprint)
            #expect(try storage.link("https://other/dir").key.thumbprint != link.key.thumbprint)
            let next = try PrivateKey(generating: .p256)
            try storage.saveNext(next, for: "https://ca/dir")
            #expect(try storage.link("https://ca/dir").key.thumbprint == link.key.thumbprint)
            #expect(storage.nextKey("https://ca/dir")?.thumbprint == next.thumbprint)
            #expect(storage.nextKey("https://other/dir") == nil)
            storage.dropNext("https://ca/dir")
            #expect(storage.nextKey("https://ca/dir") == nil)
            try storage.saveNext(next, for: "https://ca/dir")
            try storage.adoptNext(next, for: "https://ca/dir")
            #expect(storage.nextKey("https://ca/dir") == nil)
            let changed = try storage.link("https://ca/dir")
            #expect(changed.key.thumbprint == next.thumbprint && changed.account == "https://ca/acct/1")
        }
    }

    @Test("a certificate and its key are one file; half of it is none")
    func certificates() throws {
        try scratch { storage, path in
            try storage.prepare()
            let made = try ChallengeCertificate(name: "a.example", keyAuthorization: "x")
            try storage.save(made.keyPEM + made.pem, as: "*.a.example", from: "https://ca/dir")
            #expect(storage.certificate("*.a.example") != nil)
            #expect(storage.authority("*.a.example") == "https://ca/dir" && storage.authority("b") == nil)
            #expect(FileManager.default.fileExists(atPath: path + "/certificates/_.a.example.pem"))
            try storage.save(made.pem, as: "*.a.example", from: "")
            #expect(storage.certificate("*.a.example") == nil)
            storage.forget("*.a.example")
            #expect(storage.state("*.a.example") == nil)
        }
    }

    @Test("failures are remembered for one way of asking, until they are forgotten")
    func failures() throws {
        func plan(_ directory: String, _ challenges: [ChallengeKind] = [.http]) -> AuthorityPlan {
            AuthorityPlan(
                directory: directory, email: nil, storage: "", key: .p256, challenges: challenges, hook: nil,
                renewBefore: .zero, externalAccount: nil, authorityPEM: nil)
        }
        try scratch { storage, path in
            try storage.prepare()
            let record = FailureRecord(failures: 2, at: 10, due: 70, word: "validation", words: "a\n\"b")
            storage.remember(record, of: "*.a.example", plan("https://ca"))
            var read = record
            read.words = "a \"b"
            #expect(storage.failure("*.a.example", plan("https://ca")) == read)
            #expect(storage.failure("a.example", plan("https://ca")) == nil)
            #expect(storage.failure("*.a.example", plan("https://other")) == nil)
            #expect(storage.failure("*.a.example", plan("https://ca", [.dns])) == nil)
            storage.forgetFailure("*.a.example")
            #expect(storage.failure("*.a.example", plan("https://ca")) == nil)
        }
    }

    @Test("one that others can enter is refused, one that can't be made is told")
    func rights() throws {
        try scratch { storage, path in
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
            let error = #expect(throws: ACMEError.self) { try storage.prepare() }
            #expect(error?.description.hasSuffix("can be entered by others (mode 755), expected 700") == true)
        }
        #expect(throws: ACMEError.self) { try CertificateStorage("/none/storage").prepare() }
    }

    @Test("a link in the folder's place counts as what it leads to")
    func links() throws {
        let files = FileManager.default
        try scratch { elsewhere, path in
            try elsewhere.prepare()
            let link = path + "-link"
            defer { try? files.removeItem(atPath: link) }
            try files.createSymbolicLink(atPath: link, withDestinationPath: path)
            try CertificateStorage(link).prepare()
            try files.setAttributes([.posixPermissions: 0o750], ofItemAtPath: path)
            #expect(throws: ACMEError.self) { try CertificateStorage(link).prepare() }
            for target in [link, path + "/probe-none/x", "/dev/null"] {
                try files.removeItem(atPath: link)
                try files.createSymbolicLink(atPath: link, withDestinationPath: target)
                #expect(throws: ACMEError.self) { try CertificateStorage(link).prepare() }
            }
        }
    }

    @Test("proofs are shown as long as they stand, by whoever follows the folder")
    func proofs() throws {
        try scratch { storage, path in
            try storage.prepare()
            let book = ChallengeBook()
            let target = try RequestTarget(text: "/.well-known/acme-challenge/tok")
            let task = ChallengeTask(
                kind: .http, name: "a.example", token: "tok", keyAuthorization: "tok.print")
            let file = try #require(try ChallengeBook.file(task))
            #expect(book.answer(target) == nil)
            try storage.present(file.bytes, file.name)
            book.follow(storage.challenges)
            #expect(book.answer(target) == "tok.print")
            #expect(book.answer(try RequestTarget(text: "/.well-known/acme-challenge/other")) == nil)
            #expect(book.answer(try RequestTarget(text: "/tok")) == nil)
            storage.withdraw(file.name)
            book.follow(storage.challenges)
            #expect(book.answer(target) == nil)
            let dns = ChallengeTask(kind: .dns, name: "a.example", token: "tok", keyAuthorization: "x")
            #expect(try ChallengeBook.file(dns) == nil)
        }
    }

    @Test("until there is a certificate one of our own stands in, and stays the same")
    func standIns() throws {
        try scratch { storage, path in
            let shelf = CertificateShelf()
            let first = try shelf.certificate(for: "*.a.example", in: storage)
            #expect(first.isSelfSigned && first.matches("b.a.example"))
            #expect(try shelf.certificate(for: "*.a.example", in: storage) === first)
            #expect(shelf.issued("*.a.example") == nil)
            let other = try Certificate.selfSigned()
            shelf.put(other, for: "*.a.example")
            #expect(try shelf.certificate(for: "*.a.example", in: storage) === other)
        }
    }
}
