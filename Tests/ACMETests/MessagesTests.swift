import Testing

@testable import ACME

@Suite("Directories")
struct MessagesTests {
    private let text = """
        {"newNonce":"https://ca/n","newAccount":"https://ca/a","newOrder":"https://ca/o","revokeCert":"https://ca/r",
        "meta":{"externalAccountRequired":true,"termsOfService":"https://ca/terms"}}
        """

    @Test("what is offered, and what is not")
    func directory() throws {
        let directory = try Directory(parsing: Array(text.utf8), from: "https://ca/dir")
        #expect(directory.newNonce == "https://ca/n")
        #expect(directory.newAccount == "https://ca/a")
        #expect(directory.newOrder == "https://ca/o")
        #expect(directory.revokeCert == "https://ca/r")
        #expect(directory.keyChange == nil)
        #expect(directory.renewalInfo == nil)
        #expect(directory.needsExternalAccount)
        #expect(directory.terms == "https://ca/terms")
    }

    @Test(
        "one that is none is refused",
        arguments: ["", "[]", "{}", "<html>", #"{"newNonce":"https://ca/n","newAccount":"https://ca/a"}"#])
    func broken(_ text: String) {
        #expect(throws: ACMEError.self) { try Directory(parsing: Array(text.utf8), from: "https://ca/dir") }
    }

    @Test("from https nothing leads to plain http")
    func downgrade() {
        let plain = text.replacing("https://ca/o", with: "http://ca/o")
        #expect(throws: ACMEError.self) { try Directory(parsing: Array(plain.utf8), from: "https://ca/dir") }
        #expect(throws: Never.self) { try Directory(parsing: Array(plain.utf8), from: "http://ca/dir") }
    }

    @Test("what would break a request's head is no URL")
    func visible() {
        #expect(isVisible("https://a/b?c"))
        #expect(!isVisible("https://a/ b") && !isVisible("a\r\nb") && !isVisible("é") && !isVisible(""))
        #expect(!isVisible(String(repeating: "a", count: 3000)))
    }
}
