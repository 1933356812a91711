/// Messages of one frame each that stand whole, one behind the other, in a piece of input.
package struct WholeMessages: Sendable {
    /// So many are told of at once.
    package static let most = 32

    /// Behind the last one.
    package private(set) var end = 0
    /// How many there are.
    package internal(set) var count = 0
    /// How many of them are text.
    package private(set) var texts = 0
    /// Payload bytes of the smallest; 0 for none.
    package private(set) var smallest = 0
    /// Payload bytes of the largest; 0 for none.
    package private(set) var largest = 0
    /// Payload bytes of all together.
    package private(set) var total = 0
    // None is larger; small, since what holds it is copied.
    private var sizes = InlineArray<32, UInt16>(repeating: 0)

    /// None yet.
    package init() {}

    /// Payload bytes of each.
    package func size(_ index: Int) -> Int { Int(sizes[index]) }

    mutating func begin(at start: Int) {
        (end, count, texts) = (start, 0, 0)
        (smallest, largest, total) = (0, 0, 0)
    }

    @inline(__always)
    mutating func append(size: Int, isText: Bool, end: Int) {
        sizes[count] = UInt16(truncatingIfNeeded: size)
        smallest = count == 0 ? size : min(smallest, size)
        largest = max(largest, size)
        total &+= size
        count &+= 1
        texts &+= isText ? 1 : 0
        self.end = end
    }
}

extension FrameReader {
    /// Reads what nearly all peers nearly always send, in one call for all that a read has brought: whole messages of one
    /// frame each, uncompressed, of at most 64 KiB, within the limits, their text UTF-8 (RFC 6455, 5.6).
    ///
    /// It stops before anything else, and before what breaks a rule: `next` takes that, and says what is wrong.
    package func wholeMessages(_ bytes: Span<UInt8>, from start: Int, into run: inout WholeMessages) {
        run.begin(at: start)
        guard isBetweenMessages else { return }
        while run.count < WholeMessages.most, wholeMessage(bytes, into: &run) {}
    }

    /// Takes the message that begins where the run ends, if it is one of that kind and all of it is there.
    @inline(__always)
    private func wholeMessage(_ bytes: Span<UInt8>, into run: inout WholeMessages) -> Bool {
        let start = run.end
        let available = bytes.count &- start
        guard available >= (expectsMask ? 6 : 2) else { return false }
        let first = bytes[start]
        let second = bytes[start &+ 1]
        // FIN with text or binary and no reserved bit (5.2).
        guard first &- 0x81 < 2, (second & 0x80 != 0) == expectsMask else { return false }
        var size = Int(second & 0x7F)
        var header = 2
        if size >= 126 {
            guard size == 126, available >= 4 else { return false }
            size = Int(bytes[start &+ 2]) &<< 8 | Int(bytes[start &+ 3])
            guard size > 125 else { return false }
            header = 4
        }
        let keyPlace = start &+ header
        if expectsMask { header &+= 4 }
        guard size <= largestMessage, available >= header &+ size else { return false }
        let isText = first == 0x81
        if isText {
            let key =
                expectsMask
                ? UInt32(bytes[keyPlace]) | UInt32(bytes[keyPlace &+ 1]) &<< 8
                    | UInt32(bytes[keyPlace &+ 2]) &<< 16 | UInt32(bytes[keyPlace &+ 3]) &<< 24 : 0
            let payload = bytes.extracting(start &+ header..<start &+ header &+ size)
            guard UTF8Validator.isText(payload, key: key) else { return false }
        }
        run.append(size: size, isText: isText, end: start &+ header &+ size)
        return true
    }
}
