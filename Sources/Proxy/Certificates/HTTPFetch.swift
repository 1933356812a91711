internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// Why nothing came of a request.
struct HTTPFetchError: Error, Equatable {
    let reason: String
}

/// What is asked.
struct HTTPQuestion {
    let method: String
    let url: AuthorityURL
    var fields: [HeaderFields.Field] = []
    private(set) var body: [UInt8] = []
}

/// One request to another server and its whole answer, on a connection of its own, under one deadline.
final class HTTPFetch: TransportReceiver, TimerTarget {
    struct Answer {
        let head: ResponseHead
        let body: [UInt8]
    }

    private static let time = Duration.seconds(30)
    /// Chains and directories have some kilobytes.
    private static let mostBody = 1 << 20
    private static let mostInterims = 32

    private let question: HTTPQuestion
    private let client: HTTPClient
    private let tls: ClientTLSContext?
    private var done: ((Result<Answer, HTTPFetchError>) -> Void)?
    private var addresses: ArraySlice<SocketAddress> = []
    private var connection: StreamConnection?
    private var parser = ResponseHeadParser(limits: HeadLimits())
    private var head: ResponseHead?
    private var interims = 0
    private var reader = BodyReader(.none)
    private var body: [UInt8] = []
    private var deadline: TimerToken?
    private var phase = "looking up its name"

    /// `done` comes once, from a later turn of the loop.
    init(
        _ question: HTTPQuestion, tls: ClientTLSContext?, client: HTTPClient,
        done: @escaping (Result<Answer, HTTPFetchError>) -> Void
    ) {
        self.question = question
        self.client = client
        self.tls = tls
        self.done = done
        deadline = client.loop.schedule(self, kind: 0, after: Self.time)
    }

    func start() {
        if let address = SocketAddress(ip: question.url.host, port: question.url.port) {
            addresses = address.isOfOnePeer ? [address] : []
            return client.loop.nextTurn { self.tryNext("nobody listens there") }
        }
        client.resolve(question.url.host, port: question.url.port) { [weak self] answer in
            guard let self, done != nil else { return }
            switch answer {
            case .found(let found, _, _):
                addresses = found.map(\.address).prefix(8)
                tryNext("no address")
            case .failed(let reason): finish("'\(question.url.host)' can't be looked up: \(reason)")
            case .lacking(let error): finish("'\(question.url.host)' can't be looked up: \(error)")
            }
        }
    }

    private func tryNext(_ reason: String) {
        guard let address = addresses.popFirst() else { return finish(reason) }
        phase = "connecting"
        do {
            let session = try tls.map { try TLSSession(client: $0, wire: client.wire) }
            let connection = try StreamConnection(
                connectingTo: address, tls: session, batch: client.batch, on: client.loop)
            connection.receiver = self
            self.connection = connection
        } catch {
            client.loop.nextTurn { self.tryNext("\(error)") }
        }
    }

    func transportOpened() {
        phase = "waiting for its answer"
        var fields = HeaderFields()
        fields.append("Host", question.url.authority)
        fields.append("User-Agent", "trunkline/\(Versions.trunkline)")
        fields.append("Connection", "close")
        for field in question.fields { fields.append(field.name, field.value) }
        if question.method == "POST" { fields.append("Content-Length", String(question.body.count)) }
        var bytes = RequestHead(method: question.method, target: question.url.target, fields: fields).encoded
        bytes += question.body
        connection?.write(bytes.span)
        connection?.resumeReading()
    }

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        var position = 0
        do {
            try readHeads(bytes.span, &position)
            if head != nil { try readBody(bytes.span, &position) }
        } catch {
            finish("its answer is not HTTP")
        }
    }

    /// Interim answers are passed over, as long as there are few.
    private func readHeads(_ bytes: Span<UInt8>, _ position: inout Int) throws {
        while head == nil, position < bytes.count {
            guard let (found, used) = try parser.feed(bytes.extracting(position..<bytes.count)) else {
                return position = bytes.count
            }
            position += used
            guard found.status >= 200 else {
                interims += 1
                guard interims <= Self.mostInterims else { throw HTTPFetchError(reason: "") }
                continue
            }
            reader = BodyReader(try BodyFraming(of: found, to: question.method), isResponse: true)
            head = found
        }
    }

    private func readBody(_ bytes: Span<UInt8>, _ position: inout Int) throws(BodyError) {
        while let piece = try reader.next(bytes, from: &position) {
            guard case .data(let range) = piece else { return complete() }
            guard body.count + range.count <= Self.mostBody else { return finish("its answer is too long") }
            for index in range { body.append(bytes[index]) }
        }
    }

    private func complete() {
        guard let head else { return }
        finish(.success(Answer(head: head, body: body)))
    }

    func transportEnded() {
        guard connection != nil else { return }
        if head == nil, phase == "connecting" {
            return failed("it ended the connection during the handshake")
        }
        if head != nil, reader.endsWithConnection { return complete() }
        finish("it ended the connection before its answer was complete")
    }

    func transportFlushed() {}

    func transportFailed(_ error: TransportError) { failed(error.description) }

    private func failed(_ reason: String) {
        connection?.close()
        connection = nil
        if phase == "connecting" { tryNext(reason) } else { finish(reason) }
    }

    func timerFired(_ kind: UInt8) {
        deadline = nil
        finish("no answer within 30 s (\(phase))")
    }

    private func finish(_ reason: String) { finish(.failure(HTTPFetchError(reason: reason))) }

    private func finish(_ result: Result<Answer, HTTPFetchError>) {
        client.loop.cancel(deadline)
        deadline = nil
        connection?.close()
        connection = nil
        let done = self.done
        self.done = nil
        done?(result)
    }
}

/// Asks other servers by HTTP/1.1, from a loop that is none of the data plane.
final class HTTPClient {
    let loop: EventLoop
    let wire: TLSWire
    let batch: SendBatch
    private let resolver = Resolver()
    private var lookups: [UInt64: (Resolver.Answer) -> Void] = [:]
    private var nextLookup: UInt64 = 0
    private var contexts: [String: ClientTLSContext] = [:]
    /// Whom to trust; nil = whom the system trusts.
    var authorityPEM: [UInt8]? {
        didSet { if authorityPEM != oldValue { contexts = [:] } }
    }

    /// - Parameter loop: its owner must lead back here: see `answered`.
    init(on loop: EventLoop) throws(TLSError) {
        self.loop = loop
        wire = try TLSWire()
        batch = SendBatch(wire)
    }

    /// Asks; `done` comes once, from a later turn.
    func ask(_ question: HTTPQuestion, done: @escaping (Result<HTTPFetch.Answer, HTTPFetchError>) -> Void) {
        do throws(TLSError) {
            let tls = question.url.isSecure ? try context(question.url.host) : nil
            HTTPFetch(question, tls: tls, client: self, done: done).start()
        } catch {
            loop.nextTurn { done(.failure(HTTPFetchError(reason: "TLS can't be set up: \(error)"))) }
        }
    }

    private func context(_ host: String) throws(TLSError) -> ClientTLSContext {
        if let known = contexts[host] { return known }
        let context = try ClientTLSContext(serverName: host, authorityPEM: authorityPEM)
        if contexts.count > 16 { contexts = [:] }
        contexts[host] = context
        return context
    }

    /// Looks a name up off the loop.
    func resolve(_ name: String, port: UInt16, done: @escaping (Resolver.Answer) -> Void) {
        let id = nextLookup
        nextLookup &+= 1
        lookups[id] = done
        resolver.resolve(name, port: port, answerTo: loop.mailbox) { loop, answer in
            (loop.owner as? CertificateKeeper)?.client.answered(id, answer)
        }
    }

    fileprivate func answered(_ id: UInt64, _ answer: Resolver.Answer) {
        lookups.removeValue(forKey: id)?(answer)
    }
}
