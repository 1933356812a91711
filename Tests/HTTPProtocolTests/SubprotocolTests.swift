import HTTPProtocol
import Testing

@Suite("Subprotocols")
struct SubprotocolTests {
    private func offered(_ lines: String...) -> OfferedSubprotocols {
        var all = HeaderFields()
        for line in lines { all.append("Sec-WebSocket-Protocol", line) }
        return OfferedSubprotocols(all)
    }

    @Test(
        "what is no list of tokens goes on as it came",
        arguments: [
            ("b, a", ["b", "a"]), ("ocpp1.6,", ["ocpp1.6"]), (",a,, b ,", ["a", "b"]),
            ("chat, chat", ["chat", "chat"]), ("bearer, YWJj/Zg==", ["bearer", "YWJj/Zg=="]),
            ("a b;c=\"d\"", ["a b;c=\"d\""]),
        ])
    func odd(line: String, names: [String]) {
        let found = offered(line)
        #expect(found.lines == [Array(line.utf8)] && found.names.map(\.description) == names)
    }

    @Test("lines that offer nothing count as none")
    func empty() {
        for line in ["", " ", ",", " , ,"] {
            #expect(offered(line).lines.isEmpty && offered(line).names.isEmpty)
        }
        #expect(offered("", "a", ",").lines == [[97]])
    }

    @Test("bytes that are no text differ from others that aren't")
    func opaque() {
        var all = HeaderFields()
        all.append("sec-websocket-protocol", bytes: [0xff, 44, 32, 0xfe])
        let found = OfferedSubprotocols(all)
        #expect(found.lines == [[0xff, 44, 32, 0xfe]])
        #expect(
            found.names == [Subprotocol([0xff]), Subprotocol([0xfe])] && found.names[0] != found.names[1])
    }
}
