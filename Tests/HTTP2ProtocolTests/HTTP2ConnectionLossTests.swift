import Testing

@testable import HTTP2Protocol

@Suite("Connections that end their streams")
struct HTTP2ConnectionLossTests {
    @Test("each says who ended it")
    func words() {
        #expect(HTTP2ConnectionLoss.lost("connection ended").description == "connection ended")
        #expect(HTTP2ConnectionLoss.unanswered.description == "no answer to a PING")
        #expect(HTTP2ConnectionLoss.cut("nothing is read").description == "cut: nothing is read")
    }
}
