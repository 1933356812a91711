import Testing

@testable import Proxy

@Suite("Backend speech")
struct BackendProtocolTests {
    @Test("a backend of which nothing is known is asked over HTTP/2")
    func unknown() {
        let speech = BackendProtocol()
        #expect(speech.carries(isUpgrade: true, at: 0) == .http2)
        #expect(speech.carries(isUpgrade: false, at: 0) == .http2)
        #expect(!speech.isHTTP1)
    }

    @Test("one that refuses HTTP/2 gets HTTP/1.1 until it is asked again")
    func refuses() {
        var speech = BackendProtocol()
        speech.refuses(until: 100)
        #expect(speech.isHTTP1)
        #expect(speech.carries(isUpgrade: true, at: 99) == .http1)
        #expect(speech.carries(isUpgrade: false, at: 99) == .http1)
        #expect(speech.carries(isUpgrade: false, at: 100) == .http1AndAsk)
        speech.speaks(enablesConnect: true)
        #expect(speech.carries(isUpgrade: true, at: 100) == .http2)
    }

    @Test("one without extended CONNECT gets HTTP/1.1 for sessions only")
    func noConnect() {
        var speech = BackendProtocol()
        speech.speaks(enablesConnect: false)
        #expect(speech.carries(isUpgrade: true, at: 0) == .http1)
        #expect(speech.carries(isUpgrade: false, at: 0) == .http2)
        speech.speaks(enablesConnect: true)
        #expect(speech.carries(isUpgrade: true, at: 0) == .http2)
    }

    @Test("one that wants its sessions over HTTP/1.1 is believed for a while, whatever new lines announce")
    func refusesSessions() {
        var speech = BackendProtocol()
        speech.speaks(enablesConnect: true)
        speech.refusesSessions(until: 100)
        speech.speaks(enablesConnect: true)
        #expect(speech.carries(isUpgrade: true, at: 99) == .http1)
        #expect(speech.carries(isUpgrade: false, at: 99) == .http2)
        #expect(speech.carries(isUpgrade: true, at: 100) == .http2)
    }
}
