internal import EventLoop

/// A list of sessions as it goes out: one worker after the other is asked for a piece when the last one has been taken.
final class SessionListStream: AdminStream {
    private let admin: AdminService
    private let filter: SessionFilter
    private let workers: Int
    private let id: UInt64
    /// Sessions that are still wanted.
    private var left: Int
    private var worker = 0
    private var hasBegun = false
    private var hasAny = false

    /// - Parameter id: of this list, for the workers.
    init(_ filter: SessionFilter, limit: Int, id: UInt64, workers: Int, from admin: AdminService) {
        self.filter = filter
        self.admin = admin
        self.workers = workers
        self.id = id
        left = limit
    }

    func next(_ done: @escaping (AdminPiece) -> Void) {
        let (id, filter, most) = (id, filter, left)
        admin.ask(worker: worker) { worker, answer in
            answer(worker.sessionDesk.next(id, filter, most: most, on: worker))
        } _: { [weak self] (piece: SessionListing.Piece??) in
            guard let self else { return }
            guard let piece = piece ?? nil else { return done(.lost) }
            took(piece, done)
        }
    }

    private func took(_ piece: SessionListing.Piece, _ done: (AdminPiece) -> Void) {
        var text: [UInt8] = []
        if !hasBegun { text += "{\"sessions\": [\n".utf8 }
        hasBegun = true
        if piece.count > 0 {
            if hasAny { text += ",\n".utf8 }
            hasAny = true
            text += piece.text
        }
        left -= piece.count
        if piece.isLast { worker += 1 }
        guard worker >= workers || piece.isCut else { return done(.more(text)) }
        text += "\n],\n\"more\": \(piece.isCut)}\n".utf8
        done(.last(text))
    }

    func cancel() {
        let id = id
        admin.onWorkers { $0.sessionDesk.drop(id) }
    }
}
