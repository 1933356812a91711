/// Remembers which backend a key was given by: a session id that a backend made up lives there and nowhere else.
///
/// Bounded, and the oldest are forgotten first: two generations of entries, of which the older is dropped when the
/// younger is full; a key that is asked for moves to the younger.
package struct StickyTable: Sendable {
    private let capacity: Int
    private var young: [[UInt8]: String] = [:]
    private var old: [[UInt8]: String] = [:]

    /// - Parameter capacity: so many keys at least are remembered, and at most twice as many.
    package init(capacity: Int) { self.capacity = max(1, capacity) }

    /// How many keys are known.
    package var count: Int { young.count + old.keys.count { young[$0] == nil } }

    /// The backend of a key.
    package mutating func backend(of key: [UInt8]) -> String? {
        if let backend = young[key] { return backend }
        guard let backend = old[key] else { return nil }
        learn(key, backend)
        return backend
    }

    /// A backend gave out a key.
    package mutating func learn(_ key: [UInt8], _ backend: String) {
        if young[key] == nil, young.count >= capacity {
            old = young
            young = [:]
        }
        young[key] = backend
    }
}
