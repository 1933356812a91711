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
        if let short = Self.packed(texts) {
            packed = short
            return
        }
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

    /// The same, where each text has less than 128 bytes, as most have: its length is one byte, and all is written at once.
    private static func packed(_ texts: borrowing SessionTexts) -> [UInt8]? {
        let sizes: InlineArray<8, Int> = [
            texts.requestID.utf8.count, texts.host.utf8.count, texts.path.utf8.count,
            texts.words.userAgent.count, texts.words.origin.count, texts.subprotocol.utf8.count,
            texts.extensions.utf8.count, texts.backendExtensions.utf8.count,
        ]
        var sum = 8
        for index in sizes.indices {
            guard sizes[index] < 128 else { return nil }
            sum += sizes[index]
        }
        var packed: [UInt8] = []
        packed.reserveCapacity(sum)
        packed.append(addingCapacity: sum) { (output: inout OutputSpan<UInt8>) in
            put(texts.requestID.utf8.span, in: &output)
            put(texts.host.utf8.span, in: &output)
            put(texts.path.utf8.span, in: &output)
            put(texts.words.userAgent.span, in: &output)
            put(texts.words.origin.span, in: &output)
            put(texts.subprotocol.utf8.span, in: &output)
            put(texts.extensions.utf8.span, in: &output)
            put(texts.backendExtensions.utf8.span, in: &output)
        }
        return packed
    }

    private static func put(_ text: Span<UInt8>, in output: inout OutputSpan<UInt8>) {
        output.append(UInt8(truncatingIfNeeded: text.count))
        if text.count > 0 { output.put(text) }
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
