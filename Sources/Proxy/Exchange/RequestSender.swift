internal import BasicContainers
internal import HTTPProtocol

/// Sends one plain request to a backend: its head, and its body as it comes.
struct RequestSender {
    /// What a piece of the client's bytes came to.
    enum Step { case more, complete, tooLarge }

    private let framing: BodyFraming
    private let limit: Int
    private var reader: BodyReader
    private var head: [UInt8]
    private var received = 0
    /// Whether any of the body has been taken: from then on the request can't be sent a second time.
    private(set) var hasTakenBody = false
    private(set) var isComplete: Bool

    /// - Parameter limit: bytes of the body; 0 = no limit.
    init(_ head: RequestHead, framing: BodyFraming, limit: Int) {
        self.framing = framing
        self.limit = limit
        self.head = head.encoded
        reader = BodyReader(framing)
        isComplete = framing == .none || framing == .length(0)
    }

    /// A connection was found: the head is to go, alone when no body follows, else with its first bytes.
    func start(on connection: StreamConnection) {
        if isComplete { connection.write(head.span) }
    }

    /// Takes the client's bytes from `position`, which moves to the end of the body at most.
    mutating func send(
        _ bytes: Span<UInt8>, from position: inout Int, on connection: StreamConnection,
        scratch: ScratchStack
    ) throws(BodyError) -> Step {
        guard !isComplete else { return .complete }
        var output = scratch.take()
        if !hasTakenBody { output.append(copying: head.span) }
        hasTakenBody = true
        var error: BodyError?
        do throws(BodyError) {
            while !isComplete, let piece = try reader.next(bytes, from: &position) {
                append(piece, of: bytes, to: &output)
            }
        } catch let thrown {
            error = thrown
        }
        let isTooLarge = limit > 0 && received > limit
        if error == nil, !isTooLarge { connection.write(output.span) }
        scratch.giveBack(output)
        if let error { throw error }
        return isTooLarge ? .tooLarge : isComplete ? .complete : .more
    }

    private mutating func append(
        _ piece: BodyPiece, of bytes: Span<UInt8>, to output: inout UniqueArray<UInt8>
    ) {
        switch piece {
        case .data(let range):
            received += range.count
            if framing == .chunked { output.append(copying: ChunkedBody.sizeLine(range.count).span) }
            output.append(copying: bytes.extracting(range))
            if framing == .chunked { output.append(copying: [13, 10].span) }
        case .end(let trailers):
            isComplete = true
            if framing == .chunked { output.append(copying: ChunkedBody.end(trailers: trailers).span) }
        }
    }
}
