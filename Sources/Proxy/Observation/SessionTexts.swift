internal import ASCII

/// What is read of a session when a line is written, and by operators.
struct SessionTexts {
    let host: String
    let path: String
    let requestID: String
    let words: ClientWords
    let subprotocol: String
    let extensions: String
    /// Agreed on with the backend by ourselves.
    let backendExtensions: String
}

/// The same in one block, as every session has it for as long as it lives. It is unpacked for who reads it.
struct PackedTexts {
    private let packed: [UInt8]

    init(_ texts: SessionTexts) {
        let long =
            texts.requestID.utf8.count + texts.host.utf8.count + texts.path.utf8.count
            + texts.words.userAgent.count + texts.words.origin.count
        let short =
            texts.subprotocol.utf8.count + texts.extensions.utf8.count + texts.backendExtensions.utf8.count
        // Two bytes for the length of each: it is kept as it is, and is to be no larger.
        var parts = PartWriter(room: long + short + 16)
        parts.put(texts.requestID)
        parts.put(texts.host)
        parts.put(texts.path)
        parts.put(texts.words.userAgent)
        parts.put(texts.words.origin)
        parts.put(texts.subprotocol)
        parts.put(texts.extensions)
        parts.put(texts.backendExtensions)
        packed = parts.bytes
    }

    var all: SessionTexts {
        var parts = PartReader(packed)
        let (requestID, host, path) = (parts.text(), parts.text(), parts.text())
        let words = ClientWords(userAgent: parts.part(), origin: parts.part())
        return SessionTexts(
            host: host, path: path, requestID: requestID, words: words, subprotocol: parts.text(),
            extensions: parts.text(), backendExtensions: parts.text())
    }
}
