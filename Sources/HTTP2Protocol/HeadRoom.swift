/// How much the heads and trailers under way on one connection may be, as lists of fields: by references into the
/// compression table a few bytes can mean a list of many (RFC 7541, 2.3; RFC 9113, 10.5.1), and none of them is bounded by a
/// window.
///
/// Sizes are counted as RFC 9113, 6.5.2 does.
struct HeadRoom: Equatable {
    /// For a peer that has sent nothing yet.
    static let least = 512 * 1024
    /// And so many for each byte that it has sent.
    static let ratio = 4

    /// Of all lists under way.
    private(set) var held = 0
    private var most = HeadRoom.least

    /// So many bytes have come from the peer, whatever they were.
    mutating func received(_ count: Int) {
        most = most.addingClamped(count.multipliedClamped(by: Self.ratio))
    }

    /// Whether so much more may be held.
    func fits(_ size: Int) -> Bool { size <= most &- held }

    mutating func add(_ size: Int) { held = held.addingClamped(size) }

    mutating func release(_ size: Int) { held = max(0, held &- size) }
}

extension Int {
    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    fileprivate func multipliedClamped(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
