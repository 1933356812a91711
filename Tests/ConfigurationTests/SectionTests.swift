import Configuration
import Testing

@Suite("Sections of the configuration")
struct SectionTests {
    @Test("a misspelt key is told from its neighbours, wherever it stands")
    func misspelt() {
        let cases: [(Loaded, String)] = [
            (load(rest: "worker: 1"), "unknown key 'worker' in the configuration, did you mean 'workers'?"),
            (load(listener: ", protocls: [h2]"), "did you mean 'protocols'?"),
            (load(listener: ", tlss: {}"), "did you mean 'tls'?"),
            (load(route: ", orgins: []"), "unknown key 'orgins' in route 'app', did you mean 'origins'?"),
            (load(upstream: ", helth: {}"), "did you mean 'health'?"),
            (load(upstream: ", tsl: {}"), "expected one of:"),
            (load(rest: "log: { acces: off }"), "did you mean 'access'?"),
        ]
        for (loaded, words) in cases {
            #expect(loaded.said.count == 1 && loaded.words[0].contains(words), "\(loaded.said)")
        }
    }

    @Test("the keys that are known are listed once each")
    func known() throws {
        let words = try #require(load(rest: "colour: red").words.first)
        let keys = words.split(separator: ": ")[1].split(separator: ", ")
        #expect(keys.count == Set(keys).count && keys.contains("upstreams") && keys.contains("listeners"))
    }

    @Test(
        "what is no mapping is one mistake, whatever would be needed in it",
        arguments: [
            load(rest: "admin: 127.0.0.1:9901"), load(listener: ", tls: true"),
            load(listener: ", tls: { certificates: [c.pem] }"),
            load(
                listener:
                    ", tls: { certificates: [{ certificate: c.pem, key: k.pem }], client_certificates: ca.pem }"
            ),
            load("listeners: [x]\nroutes: [{ name: a, respond: {} }]"),
            load("listeners: [{ address: '127.0.0.1:1' }]\nroutes: [a]"),
            load(
                "listeners: [{ address: '127.0.0.1:1' }]\nroutes: [{ name: a, respond: {} }]\nupstreams: []"),
            load(upstream: ", health: tcp"), load(rest: "- a\n- b"), load(route: ", rewrite: /a"),
        ])
    func oneMistake(loaded: Loaded) { #expect(loaded.said.count == 1, "\(loaded.said)") }

    @Test("a key that is no word is complained of")
    func oddKeys() {
        #expect(load(rest: "[a, b]: 1").said == ["f:4:1: a key in the configuration must be a single word"])
        #expect(load(route: ", {a: b}: 1").words == ["a key in route 1 must be a single word"])
        #expect(load(rest: "1: 2").words.first?.hasPrefix("unknown key '1'") == true)
    }

    @Test("nothing is a section of defaults", arguments: ["", "~", "null", "{}"])
    func nothing(text: String) {
        #expect(load(rest: "timeouts: \(text)").said == [])
    }

    @Test("a key that must be there must say something")
    func required() {
        #expect(
            load("listeners: [{}]\nroutes: [{ name: a, respond: {} }]").words == [
                "missing required key 'address' in listener 1"
            ])
        #expect(load(rest: "admin: { address: '' }").words == ["'address' in 'admin' is empty"])
    }
}
