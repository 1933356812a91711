extension LiveSession {
    /// What is told of it when it has ended.
    func record(at now: UInt64) -> SessionRecord {
        let texts = facts.texts
        return SessionRecord(
            client: facts.client, host: texts.host, path: texts.path, route: route.name,
            http: client.transport is HTTP2StreamTransport ? 2 : 1, backend: facts.backend,
            requestID: texts.requestID, lasted: now - min(facts.began, now), fromClient: clientTally,
            ending: ending, words: texts.words, throttled: client.throttles + (backend?.throttles ?? 0),
            subprotocol: texts.subprotocol, extensions: texts.extensions, part: recordedPart)
    }
}
