internal import ASCII

/// Makes a long answer piece by piece, in a room above this one.
protocol AdminStream: AnyObject {
    /// Calls `done` once, now or later, on the loop that asked.
    func next(_ done: @escaping (AdminPiece) -> Void)
    /// Nothing more is wanted.
    func cancel()
}

/// A piece of a long answer.
enum AdminPiece: Sendable {
    case more([UInt8])
    case last([UInt8])
    /// The rest can't be made.
    case lost
}

/// A long answer on its way out: asks for one piece at a time, and frames it (RFC 9112, 7.1).
final class AdminStreaming {
    enum Outcome {
        case piece([UInt8])
        case end([UInt8])
        case lost
    }

    private let source: any AdminStream
    private let isChunked: Bool
    private let took: (Outcome) -> Void
    private var isAsking = false

    init(_ source: any AdminStream, isChunked: Bool, took: @escaping (Outcome) -> Void) {
        self.source = source
        self.isChunked = isChunked
        self.took = took
    }

    /// What was made has been taken.
    func goOn() {
        guard !isAsking else { return }
        isAsking = true
        source.next { [weak self] piece in
            guard let self else { return }
            isAsking = false
            switch piece {
            case .more(let bytes): took(.piece(framed(bytes)))
            case .last(let bytes): took(.end(framed(bytes) + (isChunked ? Array("0\r\n\r\n".utf8) : [])))
            case .lost: took(.lost)
            }
        }
    }

    func cancel() { source.cancel() }

    private func framed(_ bytes: [UInt8]) -> [UInt8] {
        guard isChunked, !bytes.isEmpty else { return bytes }
        return Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [.carriageReturn, .lineFeed]
    }
}
