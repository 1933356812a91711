import Configuration
import Testing

@Suite("Ambiguous paths")
struct AmbiguousPathsTests {
    @Test("are judged unless something else is said, of all routes or of one")
    func values() {
        #expect(load().value?.ambiguousPaths == .judge)
        let loaded = load(route: ", paths: { ambiguous: pass }", rest: "paths: { ambiguous: refuse }")
        #expect(loaded.value?.ambiguousPaths == .refuse)
        #expect(loaded.value?.routes.first?.ambiguousPaths == .pass && loaded.said == [])
        #expect(load(rest: "paths: { ambiguous: refuse }").value?.routes.first?.ambiguousPaths == .refuse)
    }

    @Test("complaints name the place and what was expected")
    func complaints() {
        let said = load(route: ", paths: { ambiguous: maybe, more: 1 }").said.joined()
        #expect(said.contains("expected judge, refuse or pass") && said.contains("unknown key 'more'"))
    }
}
