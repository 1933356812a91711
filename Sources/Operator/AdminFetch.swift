internal import EventLoop
internal import HTTPProtocol

/// Why a page of an admin listener could not be had.
struct FetchError: Error, Equatable {
    let reason: String
    /// Nobody listens there.
    private(set) var isRefused = false
}

/// Asks an admin listener once.
final class AdminFetch: StreamHandler, TimerTarget {
    private static let time: UInt64 = 12_000_000_000
    private static let most = 64 << 20

    private let loop: EventLoop
    private let request: [UInt8]
    private var socket: StreamSocket?
    private var parser = ResponseHeadParser(limits: HeadLimits())
    private var head: ResponseHead?
    private var body = BodyReader(.none)
    private var text: [UInt8] = []
    private var timer: TimerToken?
    private var done: ((Result<String, FetchError>) -> Void)?

    /// Starts; `done` comes once, from the loop.
    init(
        _ path: String, method: String = "GET", from address: SocketAddress, token: String? = nil,
        on loop: EventLoop,
        done: @escaping (Result<String, FetchError>) -> Void
    ) {
        self.loop = loop
        self.done = done
        var fields = HeaderFields()
        fields.append("Host", address.isUnix ? "localhost" : address.description)
        fields.append("Connection", "close")
        if let token { fields.append("Authorization", "Bearer \(token)") }
        if method != "GET" { fields.append("Content-Length", "0") }
        request =
            RequestHead(method: method, target: (try? RequestTarget(text: path)) ?? .root, fields: fields)
            .encoded
        timer = loop.schedule(self, kind: 0, after: Self.time)
        do throws(SystemError) {
            let socket = try StreamSocket.connect(to: address, on: loop)
            self.socket = socket
            socket.handler = self
        } catch {
            loop.nextTurn { [self] in streamFailed(error) }
        }
    }

    func streamConnected() {
        let bytes = request
        socket?.send(bytes.span)
        socket?.resumeReading()
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        read(bytes.span)
    }

    private func read(_ bytes: Span<UInt8>) {
        // A long answer takes its time, as long as it comes.
        loop.cancel(timer)
        timer = loop.schedule(self, kind: 0, after: Self.time)
        var position = 0
        do {
            if head == nil { try readHead(bytes, &position) }
            if head != nil { try readBody(bytes, &position) }
        } catch {
            finish(.failure(FetchError(reason: "its answer is not HTTP")))
        }
    }

    private func readHead(_ bytes: Span<UInt8>, _ position: inout Int) throws(HeadError) {
        guard let (head, used) = try parser.feed(bytes) else { return }
        self.head = head
        body = BodyReader(try BodyFraming(of: head, to: "GET"))
        position = used
    }

    private func readBody(_ bytes: Span<UInt8>, _ position: inout Int) throws(BodyError) {
        while let piece = try body.next(bytes, from: &position) {
            guard case .data(let range) = piece else { return complete() }
            guard text.count + range.count <= Self.most else {
                return finish(.failure(FetchError(reason: "its answer is too long")))
            }
            for index in range { text.append(bytes[index]) }
        }
    }

    private func complete() {
        let words = String(decoding: text, as: UTF8.self)
        guard let head, head.status == 200 || head.status == 202 else {
            let first = words.split(separator: "\n").first ?? ""
            return finish(.failure(FetchError(reason: "it answers \(head?.status ?? 0): \(first)")))
        }
        finish(.success(words))
    }

    private func finish(_ result: Result<String, FetchError>) {
        loop.cancel(timer)
        socket?.close()
        socket = nil
        let done = self.done
        self.done = nil
        done?(result)
    }

    func streamEnded() {
        if body.endsWithConnection { return complete() }
        finish(.failure(FetchError(reason: "it ended the connection")))
    }

    func streamFlushed() {}

    func streamFailed(_ error: SystemError) {
        finish(.failure(FetchError(reason: error.reason, isRefused: error.isConnectionRefused)))
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        finish(.failure(FetchError(reason: "it does not answer within 12 s")))
    }
}
