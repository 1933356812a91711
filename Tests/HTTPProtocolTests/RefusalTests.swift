import HTTPProtocol
import Testing

@Suite("Refusals")
struct RefusalTests {
    @Test("are one line of plain text")
    func plainText() {
        #expect(
            text(Refusal(status: 404, text: "no route").response(isToHead: false))
                == "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n"
                + "Connection: close\r\n\r\nno route\n")
    }

    /// RFC 9110, 9.3.2.
    @Test("to HEAD they have no content")
    func head() {
        let refusal = Refusal(status: 404, text: "no route")
        let answer = text(refusal.response(isToHead: true))
        #expect(answer.hasSuffix("\r\n\r\n") && answer.contains("\r\nContent-Length: 9\r\n"))
        let (fields, body) = refusal.streamAnswer(isToHead: true)
        #expect(body.isEmpty && fields.first("content-length") == "9")
    }

    @Test("an Upgrade field is named in Connection")
    func upgrade() {
        let answer = text(Refusal(.upgradeRequired).response(isToHead: false))
        #expect(answer.contains("\r\nConnection: close, Upgrade\r\n"))
    }

    @Test("on a stream they say the same without what belongs to a connection")
    func stream() {
        let (fields, body) = Refusal(.badVersion).streamAnswer(isToHead: false)
        #expect(text(body) == "Sec-WebSocket-Version must be 13\n")
        #expect(!fields.contains("upgrade") && fields.first("sec-websocket-version") == "13")
        #expect(fields.first("content-length") == "\(body.count)")
    }
}
