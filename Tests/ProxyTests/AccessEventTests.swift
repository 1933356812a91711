import HTTPProtocol
import Testing
import WebSocketProtocol

@testable import Proxy

/// What is told of requests and sessions, against the line of the access log that it leaves.
@Suite("Events of the access log")
struct AccessEventTests {
    private static let ms: UInt64 = 1_000_000

    private func record() throws -> RequestRecord {
        let masks = QueryMasks()
        masks.names = ["token"]
        var fields = HeaderFields()
        fields.append("Host", "h")
        fields.append("User-Agent", "ua")
        let target = try RequestTarget(text: "/p?token=x")
        var record = RequestRecord(
            RequestHead(method: "GET", target: target, fields: fields), client: "1.2.3.4", http: 1,
            requestID: "id", began: 2 * Self.ms, masks: masks)
        record.route = "chat"
        return record
    }

    private func line(_ event: RequestEvent) -> String? {
        event.fields(QueryMasks()).map { EventText.of("\(event.message)", $0) }
    }

    @Test("of requests")
    func requests() throws {
        let record = try record()
        let answer = RequestEvent.Answer(backend: "b:1", status: 200, bodyBytes: 5)
        let first = "client=1.2.3.4 duration_ms=3 host=h http=1 method=GET path=/p?token=***"
        let last = "request_id=id route=chat"
        let now = 5 * Self.ms
        #expect(
            line(.answered(record, status: 204, bodyBytes: 0, at: now))
                == "request body_bytes=0 \(first) \(last) status=204 user_agent=ua")
        #expect(line(.answered(nil, status: 204, bodyBytes: 0, at: now)) == nil)
        #expect(
            line(.exchangeEnded(record, answer, .next, at: now))
                == "request backend=b:1 body_bytes=5 \(first) \(last) status=200 user_agent=ua")
        #expect(
            line(.exchangeEnded(record, answer, .broken(Fault(.brokenOff)), at: now))
                == "request backend=b:1 body_bytes=5 cause=response broke off: backend ended the connection"
                + " \(first) \(last) status=200 user_agent=ua")
        #expect(
            line(.exchangeEnded(record, answer, .refuse(Fault(.noBackend)), at: now))
                == "request backend=b:1 body_bytes=5 cause=no backend is available"
                + " \(first) \(last) status=503 user_agent=ua")
        #expect(
            line(.exchangeGivenUp(record, answer, phase: .response, "client left", at: now))
                == "request backend=b:1 body_bytes=5 cause=client left"
                + " \(first) phase=response \(last) side=client status=200 user_agent=ua")
        #expect(
            line(.upgradeGivenUp(record, phase: .connect, "client left", at: now))
                == "upgrade cause=client left \(first) phase=connect \(last) side=client status=0 user_agent=ua"
        )
        #expect(
            line(.backendRefused(record, backend: "b:1", status: 403, at: now))
                == "backend refused backend=b:1 \(first) phase=response \(last) side=backend status=403"
                + " user_agent=ua")
    }

    @Test("of refusals, with and without a head that was understood")
    func refusals() throws {
        let record = try record()
        let known = RequestEvent.refused(
            record, client: "1.2.3.4", host: nil, path: nil, Fault(.noRoute), at: 5 * Self.ms)
        #expect(
            line(known)
                == "request refused cause=no route for this host and path client=1.2.3.4 duration_ms=3 host=h"
                + " http=1 method=GET path=/p?token=*** phase=request request_id=id route=chat side=client"
                + " status=404 user_agent=ua")
        #expect(known.warning == nil)
        let slow = RequestEvent.refused(
            nil, client: "1.2.3.4", host: "H:80", path: "/p", Fault(.patternTooSlow), at: 0)
        #expect(
            line(slow)
                == "request refused cause=path takes too long to match against 'path_regex' client=1.2.3.4"
                + " host=h path=/p phase=request side=client status=400")
        #expect(
            slow.warning.map(EventText.of)
                == "warning path_regex gave up cause=path takes too long to match against 'path_regex'"
                + " client=1.2.3.4 limit=path_regex path=/p phase=request side=client")
    }

    private func session(
        _ ending: SessionEnding?, _ part: SessionRecord.Part, backendExtensions: String = ""
    ) -> String {
        var client = PeerTally()
        client.bytesReceived = 1
        client.bytesSent = 2
        client.messagesReceived = 3
        var origin = HeaderFields()
        origin.append("Origin", "o")
        let record = SessionRecord(
            client: "1.2.3.4", route: "chat", http: 2, backend: "b:1", lasted: 9 * Self.ms,
            fromClient: client, ending: ending, throttled: 0,
            texts: PackedTexts(
                SessionTexts(
                    host: "h", path: "/p", requestID: "id", words: ClientWords(origin), subprotocol: "s",
                    extensions: "", backendExtensions: backendExtensions)),
            part: part)
        return EventText.of("", record.fields)
    }

    @Test("of sessions")
    func sessions() {
        var relayed = SessionRecord.Relayed(fromBackends: PeerTally())
        #expect(
            session(
                SessionEnding(by: .client, code: .normal, reason: "bye", cause: .close),
                .relayed(relayed), backendExtensions: "permessage-deflate")
                == " backend=b:1 backend_extensions=permessage-deflate bytes_from_backend=0 bytes_from_client=1"
                + " bytes_to_backend=0 bytes_to_client=2 cause=close client=1.2.3.4 close_code=1000"
                + " close_reason=bye closed_by=client duration_ms=9 host=h http=2 messages_from_backend=0"
                + " messages_from_client=3 origin=o path=/p request_id=id route=chat subprotocol=s")
        relayed.sessionID = "0-1"
        relayed.backends = 2
        let moved = session(nil, .relayed(relayed))
        #expect(moved.contains(" backends=2 "))
        #expect(moved.contains(" cause= "))
        #expect(moved.contains(" close_code=1006 closed_by=proxy "))
        #expect(moved.contains(" session=0-1 "))
        let fed = session(
            SessionEnding(by: .client, code: nil, cause: .close), .subscribed(delivered: 7, dropped: 8))
        #expect(fed.contains(" close_code=1005 "))
        #expect(
            fed.contains(" messages_dropped=8 messages_from_client=3 messages_to_client=7 mode=broadcast "))
        #expect(!fed.contains("bytes_from_backend"))
    }
}
