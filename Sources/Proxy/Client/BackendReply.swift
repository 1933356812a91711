internal import HTTPProtocol

/// Passes a backend's own refusal (401, 302, 404 …) on to the client: its head, then its body as it comes.
///
/// The client's connection ends with it. A body without a length ends with the backend's connection.
final class BackendReply: TransportReceiver {
    /// So much may wait for the client before the backend is paused.
    private static let highWater = 256 * 1024

    private let head: ResponseHead
    private let backend: StreamConnection
    private let client: StreamConnection
    private var firstBody: [UInt8]
    /// Body bytes still to come; nil when the connection's end tells.
    private var remaining: Int?
    private var done: (() -> Void)?

    init(
        _ head: ResponseHead, body: [UInt8], from backend: StreamConnection, to client: StreamConnection,
        done: @escaping () -> Void
    ) {
        self.head = head
        self.backend = backend
        self.client = client
        firstBody = body
        self.done = done
        if head.status == 204 || head.status == 304 {
            remaining = 0
        } else if !head.fields.contains("transfer-encoding"), let text = head.fields.first("content-length") {
            remaining = Int(text).flatMap { $0 >= 0 ? $0 : nil }
        }
    }

    func start() {
        backend.receiver = self
        client.write(head.forwardedAsRefusal.span)
        let body = firstBody
        firstBody = []
        pass(body.span)
        if done != nil { backend.resumeReading() }
    }

    func cancel() {
        done = nil
        backend.close()
    }

    func clientDrained() { backend.resumeReading() }

    private func pass(_ bytes: Span<UInt8>) {
        let count = min(bytes.count, remaining ?? bytes.count)
        client.write(bytes.extracting(0..<count))
        if let left = remaining {
            remaining = left - count
            if left == count { return finish() }
        }
        if client.bufferedBytes > Self.highWater { backend.pauseReading() }
    }

    private func finish() {
        backend.close()
        let done = self.done
        self.done = nil
        done?()
    }

    func transportOpened() {}
    func transportDrained() {}
    func transportReceived(_ bytes: inout MutableSpan<UInt8>) { pass(bytes.span) }
    func transportEnded() { finish() }
    func transportFailed(_ error: TransportError) { finish() }
}
