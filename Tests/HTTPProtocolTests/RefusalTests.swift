import HTTPProtocol
import Testing

@Suite("Refusals")
struct RefusalTests {
    @Test("are one line of plain text")
    func plainText() {
        #expect(
            text(Refusal(status: 404, text: "no route").response)
                == "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n"
                + "Connection: close\r\n\r\nno route\n")
    }

    @Test("an Upgrade field is named in Connection")
    func upgrade() {
        let answer = text(Refusal(.upgradeRequired).response)
        #expect(answer.contains("\r\nConnection: close, Upgrade\r\n"))
    }

    @Test("on a stream they say the same without what belongs to a connection")
    func stream() {
        let (fields, body) = Refusal(.badVersion).streamAnswer
        #expect(text(body) == "Sec-WebSocket-Version must be 13\n")
        #expect(!fields.contains("upgrade") && fields.first("sec-websocket-version") == "13")
        #expect(fields.first("content-length") == "\(body.count)")
    }
}
