extension LiveSession {
    /// What is told of it when it has ended.
    func record(at now: UInt64) -> SessionRecord {
        SessionRecord(
            client: facts.client, host: facts.host, path: facts.path, route: route.name,
            http: client.transport is HTTP2StreamTransport ? 2 : 1, backend: facts.backend,
            requestID: facts.requestID, lasted: now - min(facts.began, now), fromClient: clientTally,
            ending: ending, words: facts.words, throttled: client.throttles + (backend?.throttles ?? 0),
            subprotocol: facts.subprotocol, extensions: facts.extensions, part: recordedPart)
    }
}
