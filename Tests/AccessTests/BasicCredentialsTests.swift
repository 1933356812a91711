import Access
import HTTPProtocol
import Testing

struct BasicCredentialsTests {
    private func user(_ values: String...) -> String? {
        var fields = HeaderFields()
        for value in values { fields.append("Authorization", value) }
        return BasicCredentials(fields)?.user
    }

    @Test("name and password, the scheme in any case")
    func read() {
        #expect(user("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == "Aladdin")
        #expect(user("bASIC  YTpiOmM=") == "a")
    }

    @Test("what can't be read, or could be read in two ways, is none")
    func none() {
        #expect(user() == nil)
        #expect(user("Basic YTpi", "Basic YTpi") == nil)
        for value in [
            "Basic", "Basic YTp", "Basic YQ==", "Basic OmI=", "Basic /zpi", "Bearer YTpi", "Basic YT_i",
        ] {
            #expect(user(value) == nil, "\(value)")
        }
    }
}
