import ACME
import HTTP2Protocol
import HTTPProtocol
import Logging
import TLS
import Testing
import WebSocketProtocol

@testable import EventLoop
@testable import Proxy

/// Every event against the line that it leaves.
@Suite("Events")
struct EventTests {
    private static let ms: UInt64 = 1_000_000

    private func expect(_ event: some Event, _ lines: String...) {
        #expect(event.lines.map(EventText.of) == lines)
    }

    @Test("of backends")
    func backends() {
        let lost = Fault(.lost, .ended)
        let fields = "backend=b:1 cause=connection ended phase=response side=backend upstream=up"
        expect(BackendEvent.upgradeFailed("up", backend: "b:1", lost), "warning upgrade failed \(fields)")
        expect(
            BackendEvent.upgradeFailed("up", backend: nil, Fault(.queueFull)),
            "warning upgrade failed backend= cause=queue is full phase=queue side=backend upstream=up")
        expect(BackendEvent.requestFailed("up", backend: "b:1", lost), "warning request failed \(fields)")
        expect(
            BackendEvent.upgradeRetried("up", backend: "b:1", lost),
            "info upgrade tried with another backend \(fields)")
        expect(
            BackendEvent.backendFailed("b:1", Fault(.connectTimeout(.connect)), restsFor: 5 * Self.ms),
            "warning backend unreachable backend=b:1 cause=connect timed out phase=connect retry_in_ms=5 side=backend"
        )
        expect(
            BackendEvent.backendSuspected("b:1", "answers nonsense", restsFor: 5 * Self.ms),
            "warning backend rests backend=b:1 cause=answers nonsense phase=response retry_in_ms=5 side=backend"
        )
        expect(BackendEvent.backendRecovered("b:1"), "notice backend reachable again backend=b:1")
        expect(
            BackendEvent.checkFailed("b:1", "answered 500"),
            "warning backend fails its checks backend=b:1 cause=answered 500 phase=check side=backend")
        expect(BackendEvent.checkRecovered("b:1"), "notice backend passes its checks again backend=b:1")
        expect(
            BackendEvent.resolved("up", "dns:b:1", "10.0.0.1"),
            "notice backends resolved addresses=10.0.0.1 name=dns:b:1 upstream=up")
        expect(
            BackendEvent.resolveFailed("up", "dns:b:1", "no such host"),
            "warning name not resolved, the last answer stays cause=no such host name=dns:b:1 upstream=up")
        expect(
            BackendEvent.outOf(.memory, for: "b:1", Fault(.noMemory, .system(.noMemory))),
            "error out of memory cause=\(SystemError.noMemory.description) for=b:1 phase=request side=proxy")
    }

    @Test("of connections to backends that sessions share")
    func sharedConnections() {
        expect(
            SharedConnectionEvent.notMultiplexing("b:1", cause: "no CONNECT", again: nil),
            "warning backend takes no multiplexed sessions, it gets HTTP/1.1"
                + " backend=b:1 cause=no CONNECT side=backend")
        expect(
            SharedConnectionEvent.lineNotOpened("b:1", cause: "ended", again: 7 * Self.ms),
            "warning connection ended before HTTP/2 began, the backend gets HTTP/1.1 for a while"
                + " backend=b:1 cause=ended phase=http2 retry_in_ms=7 side=backend")
        expect(
            SharedConnectionEvent.multiplexing("b:1"), "notice backend takes multiplexed sessions backend=b:1"
        )
        expect(SharedConnectionEvent.lineOpened("b:1"))
        expect(
            SharedConnectionEvent.lineLeaves("b:1", "NO_ERROR"),
            "info multiplexed connection takes no new streams"
                + " backend=b:1 cause=GOAWAY NO_ERROR side=backend")
        expect(
            SharedConnectionEvent.lineLost("b:1", "reset"),
            "warning multiplexed connection lost backend=b:1 cause=reset side=backend")
        expect(
            SharedConnectionEvent.lineStalled("b:1", streams: 3),
            "warning multiplexed connection stalls, it gets no new streams"
                + " backend=b:1 side=backend streams=3")
    }

    @Test("of clients' connections")
    func clients() {
        let client = "client=1.2.3.4"
        expect(
            ClientEvent.handshakeFailed(client: "1.2.3.4", listener: ":1", .protocolViolation("too slow")),
            "info tls handshake failed cause=\(TLSError.protocolViolation("too slow")) \(client)"
                + " listener=:1 phase=tls side=client")
        expect(
            ClientEvent.setUpFailed(client: "1.2.3.4", listener: ":1", phase: "tls", "no memory"),
            "error connection could not be set up cause=no memory \(client) listener=:1 phase=tls side=proxy")
        expect(
            ClientEvent.connectionRefused(client: "1.2.3.4", listener: ":1", "over limits.connections"),
            "info connection refused cause=over limits.connections \(client) listener=:1 phase=accept"
                + " side=client")
        expect(
            ClientEvent.acceptFailed(listener: ":1", .noMemory),
            "error out of memory cause=\(SystemError.noMemory.description) for=:1 phase=accept side=proxy")
        expect(
            ClientEvent.http2Cut(client: "1.2.3.4", listener: ":1", .stall(stream: 5)),
            "info http2 ended cause=answer is not taken \(client) listener=:1 phase=http2 side=client stream=5"
        )
        expect(
            ClientEvent.http2Cut(client: "1.2.3.4", listener: ":1", .silence),
            "info http2 ended cause=preface and settings did not arrive in time \(client) listener=:1"
                + " phase=http2 side=client")
        expect(
            ClientEvent.keysNotFetched(upstream: "up", path: "/keys", cause: "answered 500"),
            "warning keys could not be fetched cause=answered 500 path=/keys phase=access side=backend"
                + " upstream=up")
        expect(
            ClientEvent.renewalRefused(route: "chat", cause: "expired"),
            "info token of a session not renewed cause=expired phase=access route=chat side=client")
        for (isClient, side) in [(true, "client"), (false, "backend")] {
            expect(
                ClientEvent.cutForMemory(MemoryCut(peer: "1.2.3.4", isClient: isClient, bytes: 5000)),
                "warning connection cut for memory cause=over limits.memory held_bytes=5000 peer=1.2.3.4"
                    + " side=\(side)")
        }
    }

    @Test("of feeds")
    func feeds() {
        let feed = FeedEvent.Subject(
            upstream: "up", backend: "b:1", host: "h", path: "/feed", subscribers: 2)
        let all = "host=h path=/feed subscribers=2 upstream=up"
        expect(FeedEvent.feedOpened(feed), "info feed opened backend=b:1 \(all)")
        expect(FeedEvent.feedLost(feed, cause: "reset"), "warning feed lost backend=b:1 cause=reset \(all)")
        expect(
            FeedEvent.feedNotReopened(feed, cause: "refused"),
            "warning feed not reopened backend=b:1 cause=refused \(all)")
        expect(
            FeedEvent.feedReopened(feed, missed: 9 * Self.ms),
            "notice feed reopened backend=b:1 host=h missed_ms=9 path=/feed subscribers=2 upstream=up")
        expect(FeedEvent.feedEnded(feed), "info feed ended backend=b:1 \(all)")
        expect(
            FeedEvent.feedLeftOut(feed, limit: 10),
            "warning feed's message left out backend=b:1 cause=message too big: over 10 \(all)")
    }

    @Test("of sessions whose backend goes")
    func continuity() {
        let session = ContinuityEvent.Subject(upstream: "up", backend: "b:1", session: "0-1", reason: "loss")
        let rest = "reason=loss session=0-1 upstream=up"
        expect(
            ContinuityEvent.backendLeft(session, "reset"),
            "info session's backend gone backend=b:1 cause=reset \(rest)")
        expect(
            ContinuityEvent.moved(session, missed: 9 * Self.ms, attempts: 2),
            "info session moved attempts=2 backend=b:1 missed_ms=9 \(rest)")
        expect(
            ContinuityEvent.notMoved(session, "no backend"),
            "info session not moved yet backend=b:1 cause=no backend \(rest)")
        expect(
            ContinuityEvent.messagesUncertain(session, 4, areResent: true),
            "warning messages sent again backend=b:1 messages=4 \(rest)")
        expect(
            ContinuityEvent.messagesUncertain(session, 4, areResent: false),
            "warning messages may be lost backend=b:1 messages=4 \(rest)")
    }

    @Test("of the process")
    func process() {
        expect(
            ProcessEvent.started(listeners: [":1", ":2"], workers: 2),
            "!notice started listeners=:1 :2 workers=2")
        expect(
            ProcessEvent.workerFailed(1, "no memory"),
            "!critical worker cannot start cause=no memory worker=1")
        expect(
            ProcessEvent.draining(signal: "SIGTERM", limit: .milliseconds(30)),
            "!notice draining limit_ms=30 signal=SIGTERM")
        expect(ProcessEvent.stopped(cause: "drained"), "!notice stopped cause=drained")
        expect(ProcessEvent.warned("old key"), "!warning configuration cause=old key")
        expect(
            ProcessEvent.certificateExpires(":1", "h", "in 3 days"),
            "!warning certificate expires cause=in 3 days listener=:1 name=h")
        expect(
            ProcessEvent.drainOrdered("route=chat", rate: 5), "!notice draining rate=5 selection=route=chat")
        expect(ProcessEvent.undrained("route=chat"), "!notice undrained selection=route=chat")
        expect(ProcessEvent.handOverBegan(process: 7), "!notice new process started process=7")
        expect(ProcessEvent.handOverDone(process: 7), "!notice new process serves process=7")
        expect(
            ProcessEvent.handOverFailed("it ended"),
            "!error new process failed, the old one goes on cause=it ended")
        expect(
            ProcessEvent.lingering(.milliseconds(30)),
            "!notice sessions go on in this process until they end limit_ms=30")
        expect(
            ProcessEvent.stateTaken(listeners: 1, drained: 2),
            "!notice state taken over drained=2 ticket_keys=1")
        expect(ProcessEvent.stateLost("too large"), "!warning state not handed over cause=too large")
        expect(
            ProcessEvent.arrivalLost("it is garbled"),
            "!warning connection from another process is of no use cause=it is garbled")
    }

    @Test("of its files")
    func files() {
        expect(ProcessEvent.reloaded, "!notice configuration reloaded")
        expect(
            ProcessEvent.reloadFailed(["a", "b"]),
            "!error configuration not reloaded, the old one stays cause=a",
            "!error configuration not reloaded, the old one stays cause=b")
        expect(
            ProcessEvent.keysAreLogged(to: "/k", failure: ""),
            "!warning session keys are written to a file file=/k")
        expect(
            ProcessEvent.keysAreLogged(to: "/k", failure: "no room"),
            "!error session keys can't be written cause=no room file=/k")
        expect(ProcessEvent.fileReadAgain("/f"), "!notice file read again file=/f")
        let useless = "!error file can't be used, what it held before still counts"
        expect(ProcessEvent.fileUseless("/f", cause: "empty"), "\(useless) cause=empty file=/f")
        expect(ProcessEvent.refreshed("/f", refused: []), "!notice files read again files=/f")
        expect(
            ProcessEvent.refreshed("/f /g", refused: ["a", "b"]), "\(useless) cause=a files=/f /g",
            "\(useless) cause=b files=/f /g")
        expect(ProcessEvent.filesChanged(["/c", "/d"]), "!notice configuration file changed file=/c /d")
    }

    @Test("of orders for sessions")
    func orders() {
        expect(
            SessionOrderEvent.sessionsClosed("route=chat", CloseWords(), count: 3),
            "!notice sessions closed by order close_code=1008 close_reason=closed by an operator"
                + " selection=route=chat sessions=3")
        expect(
            SessionOrderEvent.messageOrdered(
                "route=chat", SessionMessage(payload: [1, 2], isText: false), sessions: 3),
            "!notice message sent by order bytes=2 selection=route=chat sessions=3 type=binary")
        expect(
            SessionOrderEvent.revoked("subject=a", until: 12, closed: 3),
            "!notice revoked selection=subject=a sessions=3 until=12.0")
        expect(
            SessionOrderEvent.revocationTakenBack("subject=a"),
            "!notice revocation taken back selection=subject=a")
    }

    @Test("of certificates")
    func certificates() {
        expect(CertificateEvent.asking("h", "dir"), "!info certificate asked for authority=dir name=h")
        expect(
            CertificateEvent.issued("h", expires: 0, issuer: "CA"),
            "!notice certificate issued expires=1970-01-01T00:00:00Z issuer=CA name=h")
        for (alarm, level) in [(RenewalAlarm.warning, "warning"), (.error, "error"), (.critical, "critical")]
        {
            expect(
                CertificateEvent.failed("h", "no answer", retryIn: .seconds(60), failures: 2, alarm),
                "!\(level) certificate not issued cause=no answer failures=2 name=h retry_in_s=60")
        }
        expect(
            CertificateEvent.standsIn(":1", "h"),
            "!warning no certificate yet, a self-signed one is served"
                + " cause=clients that verify refuse it listener=:1 name=h")
        expect(
            CertificateEvent.putOff("h", due: 0, "no answer", failures: 2),
            "!notice certificate asked for later, since asking has failed before; 'trunkline acme renew' asks now"
                + " cause=no answer due=1970-01-01T00:00:00Z failures=2 name=h")
        expect(
            CertificateEvent.storageFailed(.own("disk full")),
            "!error certificates can't be stored cause=disk full")
        for (page, see) in [("https://ca/why", "https://ca/why"), (nil, "")] {
            expect(
                CertificateEvent.advised("h", RenewalWindow(start: 0, end: 9, explanation: page), due: 0),
                "!notice renewal suggested due=1970-01-01T00:00:00Z name=h see=\(see)")
        }
        expect(
            CertificateEvent.informationUseless("h", .malformed("no window")),
            "!warning renewal information is of no use"
                + " cause=the authority's answer makes no sense: no window name=h")
        expect(CertificateEvent.revoked("h"), "!notice certificate revoked name=h")
        expect(CertificateEvent.keyChanged("dir"), "!notice account key changed authority=dir")
        expect(
            CertificateEvent.keyUnsettled("dir", "no answer"),
            "!warning not known whether the account has its new key: nothing else is asked before that is"
                + " authority=dir cause=no answer")
        expect(
            CertificateEvent.isRevoked("h"), "!critical certificate is revoked, as its responder says name=h")
        for (must, level) in [(true, "error"), (false, "warning")] {
            expect(
                CertificateEvent.responderFailed("h", "url", "no answer", mustStaple: must),
                "!\(level) no OCSP response cause=no answer name=h responder=url")
        }
        expect(CertificateEvent.unavailable("no thread"), "!error certificates can't be kept cause=no thread")
    }
}
