internal import Access

/// What one worker has taken of one key's rates and not used, for all its sessions of that key: it touches what is shared
/// with other workers a hundred times a second and key, not for each message.
final class KeyedShare {
    let store: KeyedStore
    private let entry: KeyedEntry
    private var numbers: KeyedNumbers
    private var version: Int
    private var messages = Allowance()
    private var fromClient = Allowance()
    private var fromBackend = Allowance()
    /// Peers that count by it.
    fileprivate var users = 0

    fileprivate init(_ place: KeyedPlaces.Place) {
        (store, entry) = place
        (numbers, version) = store.numbers
    }

    fileprivate var key: ObjectIdentifier { ObjectIdentifier(entry) }

    /// What sessions over a rate are closed with; nil = they are read later.
    var closeCode: UInt16? { numbers.closeCode }

    /// A reload may have changed the numbers: that counts at once.
    func follow() {
        guard version != store.currentVersion else { return }
        (numbers, version) = store.numbers
        // What is left of a slice was of another rate.
        (messages, fromClient, fromBackend) = (Allowance(), Allowance(), Allowance())
    }

    /// A client has sent so many messages more; nanoseconds to wait for the next.
    func took(messages count: UInt64, at now: UInt64) -> UInt64 {
        let rate = numbers.messages
        guard rate.isOn, count > 0 else { return 0 }
        return messages.use(count, slice: rate.slice) { amount in
            KeyedEntry.change(entry.messages) { rate.after($0, taking: amount, at: now) }
        }
    }

    /// A peer has sent so many bytes more.
    func took(bytes count: UInt64, from side: SessionSide, at now: UInt64) -> UInt64 {
        let rate = numbers.bytes
        guard rate.isOn, count > 0 else { return 0 }
        switch side {
        case .client:
            return fromClient.use(count, slice: rate.slice) { amount in
                KeyedEntry.change(entry.bytesFromClient) { rate.after($0, taking: amount, at: now) }
            }
        case .backend:
            return fromBackend.use(count, slice: rate.slice) { amount in
                KeyedEntry.change(entry.bytesFromBackend) { rate.after($0, taking: amount, at: now) }
            }
        }
    }
}

/// The shares that one worker has. One that nobody uses is forgotten, with the slice that it has: at most a hundredth of
/// a second's worth.
final class KeyedShares {
    private var shares: [ObjectIdentifier: KeyedShare] = [:]

    func share(of place: KeyedPlaces.Place) -> KeyedShare {
        let key = ObjectIdentifier(place.entry)
        let share = shares[key] ?? KeyedShare(place)
        shares[key] = share
        share.users += 1
        return share
    }

    func release(_ share: KeyedShare) {
        share.users -= 1
        if share.users == 0 { shares[share.key] = nil }
    }
}
