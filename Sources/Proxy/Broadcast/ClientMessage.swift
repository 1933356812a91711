internal import Access
internal import BasicContainers
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A message that a feed's client sends and that is to be passed on whole. Exists only while one comes, or is passed on.
///
/// It is kept as it came: what a compressed one means is looked at, to know that it is sound, and forgotten. So a client
/// has no more held than it has sent.
final class ClientMessage {
    /// Bytes that are inflated at a time.
    private static let step = 64 * 1024

    let opcode: Opcode
    /// What has come, unmasked.
    private var payload: HeldBytes
    private let compression: DeflateDirection?
    private let limits: InflateLimits
    private let memory: ContextMemory
    /// Of zlib's states: on the connection's account, and with all others'.
    private var charge: MemoryCharge
    private var contexts: ContextCharge
    private var text: UTF8Validator?
    /// Goes through it as it comes.
    private var inspector: Inflater?
    /// Looks whether it brings a new token; nil once it is known not to.
    var watch: PrefixWatch?
    /// That it has brought.
    private(set) var token: [UInt8]?
    /// When the last piece came.
    private(set) var lastCame: UInt64

    /// - Parameters:
    ///   - compression: how the client compresses; nil where this message is not.
    ///   - share: of the client's connection.
    ///   - account: likewise.
    init(
        _ opcode: Opcode, compression: DeflateDirection?, limits: InflateLimits, memory: ContextMemory,
        in share: ContextShare?, on account: MemoryAccount, at now: UInt64
    ) {
        self.opcode = opcode
        self.compression = compression
        self.limits = limits
        self.memory = memory
        charge = MemoryCharge(to: account)
        contexts = ContextCharge(to: memory, share)
        payload = HeldBytes(on: account)
        text = opcode == .text ? UTF8Validator() : nil
        inspector = compression.map { Inflater($0, limits: limits, in: memory.arena) }
        lastCame = now
    }

    /// Takes the next piece, and the end with the last one. Returns how many bytes it means.
    func append(
        _ piece: Span<UInt8>, isLast: Bool, at now: UInt64, scratch: ScratchStack
    ) throws(ProtocolViolation) -> Int {
        lastCame = now
        payload.append(piece)
        guard inspector != nil else {
            try check(piece, isLast: isLast)
            guard payload.count <= limits.message else { throw .messageTooBig(limit: limits.message) }
            return piece.count
        }
        let made = try inspect(piece, isLast: isLast, scratch)
        if isLast { inspector = nil }
        countContexts()
        return made
    }

    private func countContexts() {
        let bytes = (inspector?.heldBytes ?? 0) + (speaker?.heldBytes ?? 0)
        charge.set(bytes)
        contexts.set(bytes)
    }

    private func inspect(
        _ piece: Span<UInt8>, isLast: Bool, _ scratch: ScratchStack
    ) throws(ProtocolViolation) -> Int {
        var position = 0
        var made = 0
        var plain = scratch.take()
        var state = OnInflate.outputFull
        do throws(ProtocolViolation) {
            while state == .outputFull {
                plain.removeAll(keepingCapacity: true)
                state = try step(piece, from: &position, isLast: isLast, into: &plain)
                made += plain.count
                try check(plain.span, isLast: state == .messageComplete)
            }
        } catch {
            scratch.release(plain)
            throw error
        }
        scratch.release(plain)
        return made
    }

    private func step(
        _ piece: Span<UInt8>, from position: inout Int, isLast: Bool, into plain: inout UniqueArray<UInt8>
    ) throws(ProtocolViolation) -> OnInflate {
        do throws(InflateError) {
            return try inspector?.inflate(
                piece, from: &position, endOfMessage: isLast, room: Self.step, appendingTo: &plain)
                ?? .messageComplete
        } catch {
            throw ProtocolViolation(error)
        }
    }

    private func check(_ piece: Span<UInt8>, isLast: Bool) throws(ProtocolViolation) {
        guard text != nil else { return }
        let isText = text?.accept(piece) ?? true
        guard isText, !isLast || text?.isComplete ?? true else { throw .invalidUTF8 }
        switch watch?.take(piece, isLast: isLast) {
        case .undecided, nil: break
        case .taken(let text): token = text
        case .other, .tooLong: watch = nil
        }
    }

    // MARK: Passing it on

    /// How it is framed for the backend.
    private var transit = Transit()
    private var speaker: Inflater?
    private var position = 0

    /// Appends frames for the backend, until it is complete or they are some; true when it is. For a message that has come
    /// in full.
    func passOn(maskingKey: UInt32, to output: inout UniqueArray<UInt8>, scratch: ScratchStack)
        throws(InflateError) -> Bool
    {
        if !transit.isTransformed { transit = Transit(isTransformed: true, opcode: opcode) }
        guard let compression else {
            payload.lend { bytes in
                transit.append(bytes, isLast: true, compressed: false, maskingKey: maskingKey, to: &output)
            }
            return true
        }
        if speaker == nil { speaker = Inflater(compression, limits: limits, in: memory.arena) }
        var plain = scratch.take()
        let state: OnInflate
        do throws(InflateError) {
            state = try payload.lend { (bytes) throws(InflateError) in
                try speaker?.inflate(
                    bytes, from: &position, endOfMessage: true, room: Self.step, appendingTo: &plain)
                    ?? .messageComplete
            }
        } catch {
            scratch.release(plain)
            throw error
        }
        let isLast = state == .messageComplete
        if isLast { speaker = nil }
        countContexts()
        transit.append(plain.span, isLast: isLast, compressed: false, maskingKey: maskingKey, to: &output)
        scratch.release(plain)
        return isLast
    }
}
