import Testing

@testable import HTTPProtocol

private func fields(_ list: [(String, String)]) -> HeaderFields {
    var fields = HeaderFields()
    for (name, value) in list { fields.append(name, value) }
    return fields
}

private func request(_ minor: Int, _ list: [(String, String)] = [], method: String = "GET") -> RequestHead {
    RequestHead(method: method, target: "/", minorVersion: minor, fields: fields(list))
}

struct ForwardedResponseTests {
    let chunked = ResponseHead(
        status: 200, reason: "OK",
        fields: fields([("Transfer-Encoding", "chunked"), ("Connection", "close"), ("X-A", "1")]))

    @Test func chunksStayChunksAndTheConnectionIsOurs() {
        let answer = ForwardedResponse(chunked, framing: .chunked, to: request(1), mayKeepAlive: true)
        #expect(answer.encoding == .chunked)
        #expect(answer.keepsAlive)
        #expect(answer.head.fields.list.map(\.name) == ["X-A", "Transfer-Encoding"])
    }

    @Test func anOldClientGetsNoChunks() {
        let old = request(0, [("Connection", "keep-alive")])
        let answer = ForwardedResponse(chunked, framing: .chunked, to: old, mayKeepAlive: true)
        #expect(answer.encoding == .plain)
        #expect(!answer.keepsAlive)
        #expect(answer.head.fields.all("connection") == ["close"])
    }

    @Test func anOldClientKeepsItsConnectionWhenTheLengthIsKnown() {
        let head = ResponseHead(status: 200, reason: "OK", fields: fields([("Content-Length", "3")]))
        let old = request(0, [("Connection", "keep-alive")])
        let answer = ForwardedResponse(head, framing: .length(3), to: old, mayKeepAlive: true)
        #expect(answer.head.fields.all("connection") == ["keep-alive"])
        #expect(answer.head.fields.all("content-length") == ["3"])
    }

    @Test func headKeepsTheLengthItWouldHaveHad() {
        let head = ResponseHead(status: 200, reason: "OK", fields: fields([("Content-Length", "3")]))
        let answer = ForwardedResponse(
            head, framing: .none, to: request(1, method: "HEAD"), mayKeepAlive: true)
        #expect(answer.encoding == .none)
        #expect(answer.head.fields.all("content-length") == ["3"])
    }

    /// RFC 9110, 8.6.
    @Test(arguments: ["GET", "HEAD"])
    func aResponseWithoutContentHasNoLength(method: String) {
        let head = ResponseHead(status: 204, reason: "", fields: fields([("Content-Length", "3")]))
        let answer = ForwardedResponse(
            head, framing: .none, to: request(1, method: method), mayKeepAlive: true)
        #expect(!answer.head.fields.contains("content-length"))
    }

    @Test func aLengthCannotBeTakenAwayByConnection() {
        let head = RequestHead(
            method: "POST", target: "/",
            fields: fields([("Host", "a"), ("Connection", "Content-Length"), ("Content-Length", "5")]))
        let forwarding = Forwarding(client: "1.2.3.4", isSecure: true, requestID: "id")
        let sent = head.forwarded(target: "/", forwarding: forwarding, framing: .length(5), fallbackHost: "b")
        #expect(sent.fields.all("content-length") == ["5"])
    }

    @Test(arguments: [
        ("GET", 200, [("Content-Length", "4")], BodyFraming.length(4)),
        ("HEAD", 200, [("Content-Length", "4")], .none),
        ("GET", 204, [], .none), ("GET", 304, [("Content-Length", "4")], .none), ("GET", 200, [], .untilEnd),
        ("GET", 200, [("Transfer-Encoding", "chunked")], .chunked),
    ])
    func aResponseIsFramedInOneWay(
        method: String, status: Int, list: [(String, String)], framing: BodyFraming
    ) throws {
        let head = ResponseHead(status: status, reason: "", fields: fields(list))
        #expect(try BodyFraming(of: head, to: method) == framing)
    }

    @Test func bothLengthsAreRefused() {
        let head = ResponseHead(
            status: 200, reason: "",
            fields: fields([("Content-Length", "4"), ("Transfer-Encoding", "chunked")]))
        #expect(throws: HeadError.conflictingLengths) { try BodyFraming(of: head, to: "GET") }
    }
}
