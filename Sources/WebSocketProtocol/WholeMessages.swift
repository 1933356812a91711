/// Messages of one frame each that stand whole, one behind the other, in a piece of input, and are about as large: of their
/// sizes less one, all have their highest bit at the same place.
///
/// So counters of sizes by powers of two take all of them at once, and no list of sizes is needed.
package struct WholeMessages: Sendable {
    /// Behind the last one.
    package private(set) var end: Int
    /// How many there are.
    package private(set) var count = 0
    /// How many of them are text.
    package private(set) var texts = 0
    /// Payload bytes of the last one; 0 for none.
    package private(set) var last = 0
    /// Payload bytes of all together.
    package private(set) var total = 0

    init(at start: Int) { end = start }

    /// Whether one of this size belongs to the others.
    @inline(__always)
    func takes(size: Int) -> Bool { count == 0 || Self.magnitude(size) == Self.magnitude(last) }

    private static func magnitude(_ size: Int) -> Int { (max(size, 1) &- 1).leadingZeroBitCount }

    @inline(__always)
    mutating func append(size: Int, isText: Bool, end: Int) {
        last = size
        total &+= size
        count &+= 1
        texts &+= isText ? 1 : 0
        self.end = end
    }
}

extension FrameReader {
    /// Reads what nearly all peers nearly always send, in one call for all of about one size that a read has brought: whole
    /// messages of one frame each, uncompressed, of at most 64 KiB, within the limits, their text UTF-8 (RFC 6455, 5.6).
    ///
    /// It stops before anything else, and before what breaks a rule: `next` takes that, and says what is wrong.
    ///
    /// It changes nothing, and yet is mutating: else each call from another module would copy all of the reader for it.
    package mutating func wholeMessages(_ bytes: Span<UInt8>, from start: Int) -> WholeMessages {
        var run = WholeMessages(at: start)
        if isBetweenMessages { while wholeMessage(bytes, into: &run) {} }
        return run
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
        guard size <= largestMessage, available >= header &+ size, run.takes(size: size) else { return false }
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
