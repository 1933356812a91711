import Foundation
import Testing

/// An array that is passed to a C function stands still for the time of that call only. A function that keeps the address
/// for later reads memory that others have by then; it is called in C, where its object ends before the call does.
@Suite("Memory that C keeps")
struct LentMemoryTests {
    /// Functions that keep an address that they are given.
    static let keepers = [
        "BIO_new_mem_buf", "BIO_set_mem_buf", "SSL_CTX_set_default_passwd_cb_userdata", "pcre2_set_callout",
        "OSSL_PARAM_construct_octet_string", "OSSL_PARAM_construct_utf8_string", "setvbuf",
    ]

    static func keeper(_ line: Substring) -> String? {
        let code = line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
        return keepers.first { code.contains($0 + "(") }
    }

    @Test("no Swift code gives memory to what keeps its address")
    func everything() throws {
        for file in try House.sources() where file.path.hasSuffix(".swift") {
            for line in file.lines {
                guard let found = Self.keeper(line) else { continue }
                Issue.record("\(file.path): \(found) in \(line)")
            }
        }
    }

    @Test("they are found, and mentions are not")
    func violations() {
        #expect(Self.keeper("let bio = unsafe BIO_new_mem_buf(bytes, 3)") == "BIO_new_mem_buf")
        #expect(Self.keeper("// BIO_new_mem_buf(bytes, 3) keeps it") == nil)
        #expect(Self.keeper("let bio = unsafe trunkline_read_key(bytes, 3)") == nil)
    }
}
