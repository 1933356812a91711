internal import Telemetry

/// One worker's part of a list of sessions, written piece by piece: of those that were there when it began, each as it is
/// when its turn comes. One that has ended by then is left out.
final class SessionListing {
    struct Piece: Sendable {
        /// Objects with commas between them.
        var text: [UInt8] = []
        var count = 0
        var isLast = false
        /// There would have been more than were asked for.
        var isCut = false
    }

    /// How many sessions are looked at, and written, in one turn of the loop.
    private static let sessionsPerPiece = 512
    private static let bytesPerPiece = 32 << 10

    private let filter: SessionFilter
    private var sessions: [LiveSession]
    private var position = 0

    init(_ filter: SessionFilter, on worker: Worker) {
        self.filter = filter
        sessions = worker.sessions
    }

    /// - Parameter most: sessions that are still wanted.
    func next(most: Int, on worker: Worker) -> Piece {
        var piece = Piece()
        let end = min(position + Self.sessionsPerPiece, sessions.count)
        while position < end, piece.text.count < Self.bytesPerPiece {
            let session = sessions[position]
            position += 1
            guard session.position >= 0, filter.matches(session.traits) else { continue }
            guard piece.count < most else {
                piece.isCut = true
                break
            }
            if piece.count > 0 { piece.text += ",\n".utf8 }
            piece.text += session.description.line.utf8
            piece.count += 1
        }
        piece.isLast = piece.isCut || position >= sessions.count
        return piece
    }
}
