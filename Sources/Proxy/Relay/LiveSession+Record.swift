extension LiveSession {
    /// What is told of it when it has ended.
    func record(at now: UInt64) -> SessionRecord {
        SessionRecord(
            client: facts.client, route: route.name,
            http: client.transport is HTTP2StreamTransport ? 2 : 1, backend: facts.backend,
            lasted: now - min(facts.began, now), fromClient: clientTally, ending: ending,
            throttled: client.throttles + (backend?.throttles ?? 0), texts: facts.texts,
            part: recordedPart)
    }
}
