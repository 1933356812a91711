internal import EventLoop

/// A list of sessions as it goes out: one worker after the other is asked for a piece when the last one has been taken, then
/// one process that lingers after the other.
final class SessionListStream: AdminStream {
    /// A part of the list without what stands around it.
    struct Piece {
        var text: [UInt8] = []
        /// Nothing of this process follows.
        var isLast = false
        /// There would have been more than were asked for.
        var isCut = false
    }

    /// Asks a process that lingers for so many of its sessions.
    typealias AskElder = (
        _ limit: Int, _ done: @escaping (_ answer: FamilyAnswer?, _ silent: [Int]) -> Void
    ) -> Void

    private let admin: AdminService
    private let filter: SessionFilter
    private let workers: Int
    private let id: UInt64
    /// Sessions that are still wanted.
    private var left: Int
    private var worker = 0
    private var hasBegun = false
    private var isOwnDone = false
    private var isCut = false
    /// How many have been given.
    private(set) var given = 0
    /// Processes that are still to be asked.
    private var elders: [AskElder]
    private var silent: [Int] = []

    /// - Parameter id: of this list, for the workers.
    init(
        _ filter: SessionFilter, limit: Int, id: UInt64, workers: Int, elders: [AskElder] = [],
        from admin: AdminService
    ) {
        self.filter = filter
        self.admin = admin
        self.workers = workers
        self.id = id
        self.elders = elders
        left = limit
    }

    func next(_ done: @escaping (AdminPiece) -> Void) {
        let took: (Piece?) -> Void = { [weak self] piece in
            guard let self else { return }
            guard let piece else { return done(.lost) }
            done(framed(piece))
        }
        if isOwnDone { nextOfElder(took) } else { nextOwn(took) }
    }

    /// The next piece of this process's own; nil where a worker does not answer.
    func nextOwn(_ done: @escaping (Piece?) -> Void) {
        let (id, filter, most) = (id, filter, left)
        admin.ask(worker: worker) { worker, answer in
            answer(worker.sessionDesk.next(id, filter, most: most, on: worker))
        } _: { [weak self] (piece: SessionListing.Piece??) in
            guard let self else { return }
            guard let piece = piece ?? nil else { return done(nil) }
            if piece.isLast { worker += 1 }
            isOwnDone = worker >= workers || piece.isCut
            done(take(piece.text, piece.count, isCut: piece.isCut))
        }
    }

    private func nextOfElder(_ done: @escaping (Piece?) -> Void) {
        guard !elders.isEmpty else { return done(take([], 0, isCut: false)) }
        elders.removeFirst()(left) { [weak self] answer, silent in
            guard let self else { return }
            self.silent += silent
            done(
                take(
                    answer?.body ?? [], min(answer?.count("sessions") ?? 0, left),
                    isCut: answer?.count("more") ?? 0 > 0))
        }
    }

    private func take(_ text: [UInt8], _ count: Int, isCut: Bool) -> Piece {
        var piece = Piece(isLast: isOwnDone, isCut: isCut)
        self.isCut = self.isCut || isCut
        guard count > 0 else { return piece }
        if given > 0 { piece.text += ",\n".utf8 }
        piece.text += text
        given += count
        left -= count
        return piece
    }

    private func framed(_ piece: Piece) -> AdminPiece {
        var text: [UInt8] = []
        if !hasBegun { text += "{\"sessions\": [\n".utf8 }
        hasBegun = true
        text += piece.text
        guard isOwnDone, elders.isEmpty || isCut else { return .more(text) }
        text += "\n],\n\"more\": \(isCut)".utf8
        if !silent.isEmpty {
            text += ",\n\"silent\": [\(silent.map(String.init).joined(separator: ", "))]".utf8
        }
        text += "}\n".utf8
        return .last(text)
    }

    func cancel() {
        let id = id
        admin.onWorkers { $0.sessionDesk.drop(id) }
    }
}
