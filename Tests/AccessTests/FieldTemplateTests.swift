import Access
import Testing

struct FieldTemplateTests {
    @Test("variables have names, claims any")
    func names() {
        #expect(FieldTemplate.Variable("client_ip") == .clientIP)
        #expect(FieldTemplate.Variable("claim.realm.roles") == .claim("realm.roles"))
        for name in ["", "claim.", "CLIENT_IP", "HOME", "claims.sub"] {
            #expect(FieldTemplate.Variable(name) == nil)
        }
    }
}
