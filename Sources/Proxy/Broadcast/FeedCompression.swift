internal import BasicContainers
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

/// One set of permessage-deflate parameters, shared by all subscribers of a worker that agreed on it. No message refers
/// to an earlier one (`server_no_context_takeover`), so one compressed message serves them all.
final class FeedCompression: ContextHolder {
    /// What makes two sets the same.
    struct Parameters: Hashable {
        let windowBits: Int
        let level: Int
        let memoryLevel: Int
        let minimumSize: Int

        init(_ agreement: DeflateAgreement, _ options: DeflateOptions) {
            windowBits = agreement.fromServer.windowBits
            level = options.level
            memoryLevel = options.memoryLevel
            minimumSize = options.minimumSize
        }
    }

    /// Names the set among a worker's.
    let id: Int
    private let minimumSize: Int
    private let worker: LoopContext
    private var deflater: Deflater
    var memoryPlace = ContextMemory.Place()

    init(id: Int, _ agreement: DeflateAgreement, _ options: DeflateOptions, worker: LoopContext) {
        self.id = id
        self.worker = worker
        minimumSize = options.minimumSize
        deflater = Deflater(agreement.fromServer, options, in: worker.contextMemory.arena)
    }

    var heldBytes: Int { deflater.heldBytes }

    func releaseIdleContexts() { deflater.releaseContext() }
    /// It is for all who agreed on it, and for nobody in particular.
    func counted(_ bytes: Int) {}

    /// The compressed frame; nil when it is not worth it, or memory could not be had.
    func frame(_ opcode: Opcode, payload: Span<UInt8>, on account: MemoryAccount) -> SharedBytes? {
        guard payload.count >= minimumSize,
            deflater.holdsContext
                || worker.contextMemory.makeRoom(for: deflater.contextBytes, sparing: self)
        else { return nil }
        var packed = worker.scratch.take()
        let isDone = deflater.compress(payload, endOfMessage: true, appendingTo: &packed)
        worker.contextMemory.touched(self)
        var made: SharedBytes?
        if isDone, packed.count < payload.count {
            var frame = UniqueArray<UInt8>(minimumCapacity: packed.count + FrameHeader.largestSize)
            FrameWriter.append(
                opcode, fin: true, rsv1: true, payload: packed.span, maskingKey: nil, to: &frame)
            made = SharedBytes(frame, on: account)
        }
        worker.scratch.release(packed)
        return made
    }
}
