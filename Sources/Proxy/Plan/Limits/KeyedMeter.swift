/// Counts what one peer of a session sends against the rates of the session's keys.
final class KeyedMeter {
    /// What a peer that has sent too much is to expect.
    struct Excess {
        /// Nanoseconds.
        let wait: UInt64
        /// By its key in the configuration.
        let limit: String
        /// The session is closed with this; nil = the peer is read later.
        let closeCode: UInt16?
    }

    private let side: SessionSide
    private let shares: KeyedShares
    private let parts: [KeyedShare]
    /// What was counted before.
    private var messages: UInt64 = 0
    private var bytes: UInt64 = 0

    /// nil where nothing is counted.
    init?(_ places: [KeyedPlaces.Place], _ side: SessionSide, _ shares: KeyedShares) {
        let metered = places.filter { $0.store.numbers.value.isMetered }
        if metered.isEmpty { return nil }
        self.side = side
        self.shares = shares
        parts = metered.map(shares.share(of:))
    }

    deinit { for share in parts { shares.release(share) } }

    /// So much has come in all. Returns what is to become of the peer; nil = nothing.
    func took(messages all: UInt64, bytes allBytes: UInt64, at now: UInt64) -> Excess? {
        let newMessages = all &- messages
        let newBytes = allBytes &- bytes
        (messages, bytes) = (all, allBytes)
        var excess: Excess?
        for share in parts {
            share.follow()
            if side == .client {
                note(share.took(messages: newMessages, at: now), "messages_per_second", share, &excess)
            }
            note(share.took(bytes: newBytes, from: side, at: now), "bytes_per_second", share, &excess)
        }
        return excess
    }

    private func note(_ wait: UInt64, _ limit: String, _ share: KeyedShare, _ excess: inout Excess?) {
        guard wait > 0 else { return }
        // One that closes counts before one that only waits, and then the longer.
        if let known = excess {
            let isFirmer = share.closeCode != nil && known.closeCode == nil
            let isAsFirm = (share.closeCode == nil) == (known.closeCode == nil)
            guard isFirmer || isAsFirm && wait > known.wait else { return }
        }
        excess = Excess(wait: wait, limit: limit, closeCode: share.closeCode)
    }
}
