internal import Configuration
internal import Durations
internal import EventLoop
internal import WebSocketProtocol

// How a client closes while what it has said waits for a backend: its Close waits behind that.
extension Continuity {
    /// The client's Close came. False where it waits behind messages.
    func clientCloses(_ payload: ClosePayload) -> Bool {
        guard lastWords == nil else { return false }
        guard !machine.clientCloses(at: worker.loop.now) else { return true }
        lastWords = Apart((payload, false))
        arm(.lastWords, after: max(session?.route.timeouts.close.nanoseconds ?? 1, 1))
        return false
    }

    /// The client has ended its connection. False where that ends the session.
    func clientEnds(_ cause: EndingCause?) -> Bool {
        guard cause == nil, lastWords != nil else { return false }
        lastWords?.value.hasEnded = true
        return true
    }

    func passLastWords() {
        disarm(.lastWords)
        guard let words = lastWords.take()?.value, let session else { return }
        session.closes(words.close, from: session.client)
        if words.hasEnded { session.gone(session.client, nil) }
    }
}
