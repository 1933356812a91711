import HTTPProtocol
import Testing

@Suite("Refusals")
struct RefusalTests {
    @Test("are one line of plain text")
    func plainText() {
        #expect(
            text(Refusal(status: 404, reason: "no route").response)
                == "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n"
                + "Connection: close\r\n\r\nno route\n")
    }

    @Test("an Upgrade field is named in Connection")
    func upgrade() {
        let answer = text(ServerHandshake.upgradeRequired("x").response)
        #expect(answer.contains("\r\nConnection: close, Upgrade\r\n"))
    }
}
