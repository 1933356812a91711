/// What a worker has under way for operators: lists that are being written, and messages that wait for a place between two
/// others.
final class SessionDesk {
    /// More lists are not written at once, and more messages don't wait.
    private static let most = 64

    private var listings: [UInt64: SessionListing] = [:]
    private(set) var announcements: [ObjectIdentifier: Announcement] = [:]

    /// The next piece of a list, which begins when it is first asked for; nil where too many are being written.
    func next(_ id: UInt64, _ filter: SessionFilter, most: Int, on worker: Worker) -> SessionListing.Piece? {
        guard let listing = listings[id] ?? begin(filter, on: worker) else { return nil }
        let piece = listing.next(most: most, on: worker)
        listings[id] = piece.isLast ? nil : listing
        return piece
    }

    private func begin(_ filter: SessionFilter, on worker: Worker) -> SessionListing? {
        listings.count < Self.most ? SessionListing(filter, on: worker) : nil
    }

    func drop(_ id: UInt64) { listings[id] = nil }

    /// Whether one more message may wait.
    var hasRoom: Bool { announcements.count < Self.most }

    func keep(_ announcement: Announcement) { announcements[ObjectIdentifier(announcement)] = announcement }
    func drop(_ announcement: Announcement) { announcements[ObjectIdentifier(announcement)] = nil }
}
