/// All revocations that count, to look a bearer up in. Pure: the time is an argument, in seconds since 1970.
package struct RevocationList: Equatable, Sendable {
    /// More are not taken.
    package static let most = 10_000
    /// Nor are more bytes of names: what keeps them all, and reads them again, is bounded by that.
    package static let mostBytes = 1 << 20

    private var ends: [Revocation: Double] = [:]
    private var bytes = 0
    /// By subject and by token; the rest are those that name a time only.
    private var bySubject: [String: [Revocation]] = [:]
    private var byToken: [String: [Revocation]] = [:]
    private var byTime: [Revocation] = []

    /// Without any.
    package init() {}

    /// Whether there is none.
    package var isEmpty: Bool { ends.isEmpty }
    /// How many there are.
    package var count: Int { ends.count }
    /// Each with its end, the first to end first.
    package var all: [(revocation: Revocation, until: Double)] {
        ends.map { ($0.key, $0.value) }.sorted { $0.1 < $1.1 }
    }

    /// Adds one until a time; one that is there already keeps the later end. False where there are too many.
    package mutating func add(_ revocation: Revocation, until: Double, now: Double) -> Bool {
        if let end = ends[revocation] {
            ends[revocation] = max(end, until)
            return true
        }
        if !fits(revocation) { prune(now: now) }
        guard fits(revocation) else { return false }
        ends[revocation] = until
        bytes += revocation.nameBytes
        file(revocation)
        return true
    }

    private func fits(_ revocation: Revocation) -> Bool {
        ends.count < Self.most && bytes + revocation.nameBytes <= Self.mostBytes
    }

    private mutating func file(_ revocation: Revocation) {
        if let id = revocation.tokenID {
            byToken[id, default: []].append(revocation)
        } else if let subject = revocation.subject {
            bySubject[subject, default: []].append(revocation)
        } else {
            byTime.append(revocation)
        }
    }

    /// Takes one back. False where there is none such.
    package mutating func remove(_ revocation: Revocation) -> Bool {
        guard ends.removeValue(forKey: revocation) != nil else { return false }
        bytes -= revocation.nameBytes
        refile()
        return true
    }

    /// Forgets those that have ended. Whether there were any.
    @discardableResult
    package mutating func prune(now: Double) -> Bool {
        let left = ends.filter { $0.value > now }
        guard left.count < ends.count else { return false }
        ends = left
        bytes = left.keys.reduce(0) { $0 + $1.nameBytes }
        refile()
        return true
    }

    private mutating func refile() {
        (bySubject, byToken, byTime) = ([:], [:], [])
        for revocation in ends.keys { file(revocation) }
    }

    /// Whether a bearer may not come in.
    package func covers(_ bearer: Bearer, now: Double) -> Bool {
        guard !ends.isEmpty else { return false }
        let counts = { (revocation: Revocation) in
            revocation.covers(bearer) && ends[revocation].map { $0 > now } ?? false
        }
        if let id = bearer.tokenID, byToken[id]?.contains(where: counts) == true { return true }
        if let subject = bearer.subject, bySubject[subject]?.contains(where: counts) == true { return true }
        return byTime.contains(where: counts)
    }
}
