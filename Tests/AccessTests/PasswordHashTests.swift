import Access
import Testing

struct PasswordHashTests {
    private static let sha512 =
        "$6$TYwhFmeUAZZpBA2l$Z8D5dYtekSvwVzs5sloDNV0BB61W33zwnN2L.vGA8GeE11wlktdy/9dVjMBcspwu0uesv.DNkuJeatnhzyQz00"

    @Test("bcrypt and SHA-crypt")
    func kinds() throws {
        for text in [
            "$2b$04$b0xdhvFNl/jSEXjwe5cdluIqASxiCWBuxXaN8qTj5/LU5Vql.YH4m",
            "$2y$04$b0xdhvFNl/jSEXjwe5cdluIqASxiCWBuxXaN8qTj5/LU5Vql.YH4m", Self.sha512,
        ] {
            let hash = try #require(PasswordHash(text))
            #expect(hash.matches("secret"))
            #expect(["", "Secret", "secret ", "secret\0x"].allSatisfy { !hash.matches($0) })
        }
        let colon = try #require(
            PasswordHash("$5$wg7Ng7AjTNJhthIy$PvC/C0m.XzWhy.w2nZgUWjxW8DNDJFWgUK9E0Yfy0Q5"))
        #expect(colon.matches("geheim:mit"))
    }

    @Test(
        "hashes that keep nothing, cost too much or are none",
        arguments: [
            "", "secret", "$apr1$x$y", "$1$abc$defghijklmnopqrstu", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "abJnggxhB/yWI", "$2b$04$short", "$6$ab\ncdefghijklmnopqrstuvwxyz",
            "$6$rounds=999999999$TYwhFmeUAZZpBA2l$" + String(repeating: "Z", count: 86),
            "$5$rounds=x$TYwhFmeUAZZpBA2l$" + String(repeating: "Z", count: 43),
            "$2b$31$b0xdhvFNl/jSEXjwe5cdluIqASxiCWBuxXaN8qTj5/LU5Vql.YH4m",
        ])
    func none(text: String) { #expect(PasswordHash(text) == nil) }
}
