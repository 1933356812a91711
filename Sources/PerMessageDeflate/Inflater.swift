package import BasicContainers
internal import CZlib

/// Why a compressed message was not accepted.
package enum InflateError: Error, Equatable, Sendable {
    case invalidData
    case messageTooBig(limit: Int)
    case outOfMemory
}

/// Bounds on what compressed input may become: a small message must not mean a large one without limit.
package struct InflateLimits: Equatable, Sendable {
    /// Bytes of a message once inflated.
    package var message: Int
    /// Inflated bytes for one byte received, over time: see `InflateAllowance`. 0 = no limit.
    package var ratio: Int

    /// 16 MiB and 200 unless told otherwise.
    package init(message: Int = 16 << 20, ratio: Int = 200) {
        self.message = message
        self.ratio = ratio
    }
}

/// What `inflate` stopped for.
package enum OnInflate: Equatable, Sendable {
    /// All input is used.
    case needsInput
    /// The output given has been filled: take it away and call again with the rest of the input.
    case outputFull
    /// The message is complete.
    case messageComplete
}

/// Inflates the messages of one direction (RFC 7692, 7.2.2) in steps of bounded output.
@safe package struct Inflater: ~Copyable {
    private static let tail: [UInt8] = [0, 0, 0xFF, 0xFF]

    private var stream: ZlibStream?
    private let arena: ContextArena
    private let windowBits: Int32
    private let startsAfresh: Bool
    private let limits: InflateLimits
    private var dictionary: [UInt8] = []
    private var received = 0
    private var produced = 0
    private var tailLeft = 4
    // zlib had more output than room: it must be asked once more although all input is used.
    private var hasMore = false

    /// Takes no memory until the first message, and then from this arena.
    package init(_ direction: DeflateDirection, limits: InflateLimits, in arena: ContextArena) {
        self.arena = arena
        windowBits = Self.windowBits(direction)
        startsAfresh = direction.startsAfresh
        self.limits = limits
    }

    /// A window larger than the sender's is always right, and zlib knows a bug-free 9 and up.
    private static func windowBits(_ direction: DeflateDirection) -> Int32 {
        Int32(max(direction.windowBits, 9))
    }

    /// Bytes of zlib's state for such messages.
    package static func stateBytes(_ direction: DeflateDirection, in arena: ContextArena) -> Int {
        arena.bytes(for: .inflate(windowBits: windowBits(direction))) ?? .max
    }

    /// Whether zlib's state is held.
    package var holdsState: Bool {
        switch stream {
        case .some: true
        case nil: false
        }
    }

    /// Bytes of zlib's state or of the window that is kept for it.
    package var heldBytes: Int {
        switch stream {
        case .some(let stream): stream.bytes
        case nil: dictionary.count
        }
    }

    /// Bytes of zlib's state when it is held.
    package var stateBytes: Int { arena.bytes(for: .inflate(windowBits: windowBits)) ?? .max }

    /// Between messages: gives zlib's state back and keeps only the window, as far as it was used.
    package mutating func releaseState() {
        guard received == 0, let pointer = unsafe stream?.pointer else { return }
        if !startsAfresh { dictionary = unsafe Inflater.window(of: pointer) }
        stream = nil
    }

    /// As much of it as was used, in exactly as much memory.
    @unsafe private static func window(of stream: UnsafeMutablePointer<z_stream>) -> [UInt8] {
        var length: UInt32 = 0
        guard unsafe inflateGetDictionary(stream, nil, &length) == Z_OK else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, initialized in
            guard length > 0, unsafe inflateGetDictionary(stream, buffer.baseAddress, &length) == Z_OK else {
                return
            }
            initialized = min(Int(length), buffer.count)
        }
    }

    /// Inflates from `input` at `position`, which moves, and appends at most `room` bytes.
    package mutating func inflate(
        _ input: Span<UInt8>, from position: inout Int, endOfMessage: Bool, room: Int,
        appendingTo output: inout UniqueArray<UInt8>
    ) throws(InflateError) -> OnInflate {
        guard let stream = unsafe ready() else { throw .outOfMemory }
        let before = output.count
        while true {
            let atTail = position == input.count
            if atTail, !endOfMessage { return .needsInput }
            if atTail, tailLeft == 0, !hasMore {
                unsafe endMessage(stream)
                return .messageComplete
            }
            let left = room - (output.count - before)
            guard left > 0 else { return .outputFull }
            let step =
                atTail
                ? unsafe Inflater.step(
                    stream, Inflater.tail.span, from: 4 - tailLeft, room: left, into: &output)
                : unsafe Inflater.step(stream, input, from: position, room: left, into: &output)
            if atTail { tailLeft -= step.used } else { position += step.used }
            received += atTail ? 0 : step.used
            produced += step.made
            hasMore = step.isFull
            unsafe try judge(step.code, madeProgress: atTail || step.used + step.made > 0, stream)
            if step.isFull { return .outputFull }
        }
    }

    @unsafe private mutating func judge(
        _ code: Int32, madeProgress: Bool, _ stream: UnsafeMutablePointer<z_stream>
    ) throws(InflateError) {
        switch code {
        case Z_OK: break
        case Z_BUF_ERROR where madeProgress: break
        // 7.2.3.4: a final block may end before the message does; what follows begins a new one.
        case Z_STREAM_END: unsafe inflateReset(stream)
        case Z_MEM_ERROR: throw .outOfMemory
        default: throw .invalidData
        }
        guard produced <= limits.message else { throw .messageTooBig(limit: limits.message) }
    }

    @unsafe private mutating func endMessage(_ stream: UnsafeMutablePointer<z_stream>) {
        (received, produced, tailLeft, hasMore) = (0, 0, 4, false)
        if startsAfresh { unsafe inflateReset(stream) }
    }

    private struct Step {
        let code: Int32
        let used: Int
        let made: Int
        let isFull: Bool
    }

    @unsafe private static func step(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: Span<UInt8>, from start: Int, room: Int,
        into output: inout UniqueArray<UInt8>
    ) -> Step {
        // The pointer is used only within this call.
        let source = unsafe input.withUnsafeBufferPointer { unsafe $0 }
        let offered = source.count - start
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress?.advanced(by: start))
        unsafe stream.pointee.avail_in = UInt32(truncatingIfNeeded: offered)
        let chunk = min(room, 64 * 1024)
        var code: Int32 = Z_OK
        var made = 0
        output.append(addingCount: chunk) { (target: inout OutputSpan<UInt8>) in
            unsafe target.withUnsafeMutableBufferPointer { buffer, initialized in
                let space = min(chunk, buffer.count - initialized)
                unsafe stream.pointee.next_out = buffer.baseAddress?.advanced(by: initialized)
                unsafe stream.pointee.avail_out = UInt32(space)
                unsafe code = CZlib.inflate(stream, Z_SYNC_FLUSH)
                made = unsafe space - Int(stream.pointee.avail_out)
                initialized += made
            }
        }
        return Step(
            code: code, used: unsafe offered - Int(stream.pointee.avail_in), made: made, isFull: made == chunk
        )
    }

    @unsafe private mutating func ready() -> UnsafeMutablePointer<z_stream>? {
        if let pointer = unsafe stream?.pointer { return unsafe pointer }
        stream = ZlibStream(inflating: windowBits, in: arena)
        guard let made = unsafe stream?.pointer else { return nil }
        if !dictionary.isEmpty {
            unsafe inflateSetDictionary(made, dictionary, UInt32(dictionary.count))
            dictionary = []
        }
        return unsafe made
    }
}
