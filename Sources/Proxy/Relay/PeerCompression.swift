internal import BasicContainers
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

/// The permessage-deflate of one side: what its peer sends is inflated, what goes to it is deflated.
final class PeerCompression: ContextHolder {
    /// Bytes; smaller messages go uncompressed.
    let minimumSize: Int
    let sampler: ShrinkSampler
    var memoryPlace: ContextMemory.Place
    /// All that is held for it.
    private var charge: MemoryCharge
    var inflater: Inflater
    var deflater: Deflater
    /// For what comes in.
    var allowance: InflateAllowance
    /// A compressed message is coming in from the peer.
    var isInflating = false
    /// A compressed message is going out to the peer.
    var isDeflating = false
    /// How often in a row there was no memory for what comes in.
    var shortages = 0
    /// What its peer has sent, as far as the connection's share knows of it.
    private var earned: UInt64 = 0

    init(
        incoming: DeflateDirection, outgoing: DeflateDirection, _ options: DeflateOptions,
        limits: InflateLimits, sampler: ShrinkSampler, arena: ContextArena,
        over transport: any ByteTransport, now: UInt64
    ) {
        memoryPlace = ContextMemory.Place(in: transport.contexts)
        charge = MemoryCharge(to: transport.account)
        allowance = InflateAllowance(limits, at: now)
        self.sampler = sampler
        minimumSize = options.minimumSize
        inflater = Inflater(incoming, limits: limits, in: arena)
        deflater = Deflater(outgoing, options, in: arena)
    }

    var heldBytes: Int { deflater.heldBytes + inflater.heldBytes }

    func counted(_ bytes: Int) { charge.set(bytes) }

    /// Whether zlib's state for what comes in is there, or may be.
    ///
    /// - Parameter received: what the peer has sent in all.
    func mayInflate(received: UInt64, _ memory: ContextMemory, at now: UInt64) -> Bool {
        guard !inflater.holdsState, let share = memoryPlace.share else { return true }
        share.earns(received &- earned)
        earned = received
        return memory.shareTakes(inflater.stateBytes, for: self, at: now)
    }

    /// Whether zlib's state for what goes out is there, or may be: rather uncompressed than over the budget.
    private func mayDeflate(_ memory: ContextMemory, at now: UInt64) -> Bool {
        guard !deflater.holdsContext else { return true }
        let bytes = deflater.contextBytes
        return memory.makeRoom(for: bytes, sparing: self) && memory.shareTakes(bytes, for: self, at: now)
    }

    /// Whether a message that begins is worth deflating. The size of a fragmented message is not known when it begins, and
    /// that of a compressed one neither: they are taken for long ones.
    func isWorth(_ header: FrameHeader, isInflated: Bool, _ worker: LoopContext) -> Bool {
        let isSmall = header.fin && !isInflated && header.payloadLength < minimumSize
        guard !isSmall, deflater.isAble, sampler.wantsNext() else { return false }
        return mayDeflate(worker.contextMemory, at: worker.loop.now)
    }

    /// Gives memory back that an idle session doesn't need; it is rebuilt with the next message.
    func releaseIdleContexts() {
        if !isDeflating { deflater.releaseContext() }
        if !isInflating { inflater.releaseState() }
    }
}

/// One message on its way from a side to the other one, and how it is framed there.
struct Transit {
    /// It is inflated or deflated, and framed anew; otherwise its frames go through as they came.
    var isTransformed = false
    private(set) var opcode = Opcode.binary
    private(set) var isFirstFrame = true
    /// A frame that goes through as it came is not complete.
    var isMidFrame = false

    mutating func begin(_ header: FrameHeader, isTransformed: Bool) {
        self = Transit(isTransformed: isTransformed, opcode: header.opcode)
    }

    /// Frames what is there of the message: all of it, or one more fragment. Nothing is sent for nothing.
    mutating func append(
        _ payload: Span<UInt8>, isLast: Bool, compressed: Bool, maskingKey: UInt32?,
        to output: inout UniqueArray<UInt8>
    ) {
        guard payload.count > 0 || isLast else { return }
        FrameWriter.append(
            isFirstFrame ? opcode : .continuation, fin: isLast, rsv1: compressed && isFirstFrame,
            payload: payload, maskingKey: maskingKey, to: &output)
        isFirstFrame = false
    }
}

/// How a peer's messages may be compressed.
enum PeerExtensions {
    case none
    /// By an agreement end to end: only headers are looked at.
    case passedThrough
    /// By one of ours.
    case inflated
}
