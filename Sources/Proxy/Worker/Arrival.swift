internal import EventLoop
internal import HandedBytes

/// A client's connection that another process of this program has sent, for one of our workers.
struct Arrival: Sendable {
    /// Bytes that may be written down of one.
    static let largest = PassedRequest.largest

    private let passed: PassedRequest
    /// nil = any.
    var worker: Int? { passed.worker }

    init(
        reading bytes: Span<UInt8>, _ socket: MovedSocket, listeners: [ListenerFacts]
    ) throws(HandedStateError) {
        passed = try PassedRequest(reading: bytes, socket, listeners: listeners)
    }

    /// On the worker's thread.
    func join(_ worker: Worker) { worker.take(passed.request) }
}
