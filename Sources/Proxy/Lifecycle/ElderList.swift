/// The sessions of a process that lingers, on their way to the one that accepts, as far as there is room. Grows in place, as
/// it may be long. Pure.
final class ElderList {
    enum OnPiece: Equatable {
        /// There is room for more.
        case goesOn
        /// There is none, and more would have come.
        case isFull
        case isDone
    }

    /// Bytes; the last piece may go beyond.
    private let most: Int
    private(set) var text: [UInt8] = []
    /// There are sessions that are not on it.
    private(set) var isCut = false

    init(most: Int = 8 << 20) { self.most = most }

    func took(_ piece: SessionListStream.Piece) -> OnPiece {
        text += piece.text
        isCut = piece.isCut
        if piece.isLast { return .isDone }
        guard text.count > most else { return .goesOn }
        isCut = true
        return .isFull
    }
}
