internal import Access
internal import Configuration
internal import Synchronization

/// The keys of one entry of a route's `limits.per`: outlives configurations, and is shared by all workers. What they look
/// up at a handshake lies in parts, each under a lock of its own; sessions keep what they have found.
final class KeyedStore: Sendable {
    private static let parts = 16
    /// Keys that are kept beyond those that are in use, about 200 bytes each: somebody may make up any number of them.
    private static let most = 65_536

    /// A key under two hashes that nobody outside knows: keys may be secrets, and of any length.
    private struct Key: Hashable {
        let first: Int
        let second: Int

        init(_ text: String) {
            first = Self.hash(text, 1)
            second = Self.hash(text, 2)
        }

        private static func hash(_ text: String, _ salt: Int) -> Int {
            var hasher = Hasher()
            hasher.combine(salt)
            hasher.combine(text)
            return hasher.finalize()
        }
    }

    private final class Part: Sendable {
        let table = Mutex(KeyTable<Key, KeyedEntry>(capacity: KeyedStore.most / KeyedStore.parts))
    }

    /// How it is spelled in the configuration.
    let name: String
    private let tables: [Part]
    private let newest = Mutex(KeyedNumbers())
    private let version = Atomic<Int>(0)

    init(_ name: String) {
        self.name = name
        tables = (0..<Self.parts).map { _ in Part() }
    }

    /// The newest numbers, which count for what lives already too, and how often they have changed.
    var numbers: (value: KeyedNumbers, version: Int) {
        newest.withLock { ($0, version.load(ordering: .relaxed)) }
    }
    /// How often the numbers have changed.
    var currentVersion: Int { version.load(ordering: .relaxed) }

    func adopt(_ numbers: KeyedNumbers) {
        newest.withLock {
            guard $0 != numbers else { return }
            $0 = numbers
            version.add(1, ordering: .relaxed)
        }
    }

    /// Takes a place by a key, to be given back once. A key that is new begins with nothing.
    func enter(_ text: String, isSession: Bool, at now: UInt64) throws(Fault) -> KeyedEntry {
        let key = Key(text)
        let numbers = self.numbers.value
        let part = tables[Int(UInt(bitPattern: key.first) % UInt(Self.parts))]
        // What is taken under the lock is not forgotten by somebody else.
        let (entry, full) = part.table.withLock { table in
            let entry = table.value(of: key, make: { KeyedEntry() }, isHeld: \.isHeld)
            return (entry, entry.enter(isSession: isSession, numbers))
        }
        if let full { throw Fault(.access(.overLimit(full, key: name, retryAfter: .seconds(1)))) }
        guard isSession, numbers.upgrades.isOn else { return entry }
        let wait = KeyedEntry.change(entry.upgrades) { numbers.upgrades.admitting($0, taking: 1, at: now) }
        guard wait > 0 else { return entry }
        entry.leave(isSession: isSession)
        let time = Duration.seconds(wait / Rate.oneSecond + 1)
        throw Fault(.access(.overLimit("upgrades_per_minute", key: name, retryAfter: time)))
    }

    /// Keys that are kept now.
    var count: Int { tables.reduce(0) { $0 + $1.table.withLock { $0.count } } }
}
