/// What an operator has drained of one upstream. The last order that covers a backend holds for it, and for one that
/// comes later: a name's new address is drained with the name, a new backend with its upstream.
struct DrainMarks: Equatable, Sendable {
    /// All of it, but for those that are named otherwise.
    private(set) var isWhole: Bool
    /// By a backend's address, or by the entry of the configuration that leads to it.
    private(set) var named: [String: Bool]

    init(isWhole: Bool = false, named: [String: Bool] = [:]) {
        self.isWhole = isWhole
        self.named = named
    }

    var isEmpty: Bool { !isWhole && named.isEmpty }

    /// An order for the whole upstream, which replaces those before it.
    mutating func setAll(_ isDrained: Bool) { self = DrainMarks(isWhole: isDrained) }

    /// An order for one backend, or for an entry that leads to `addresses`.
    mutating func set(_ name: String, _ isDrained: Bool, leadingTo addresses: [String]) {
        for address in addresses { named[address] = nil }
        named[name] = isDrained
    }

    /// Nothing has this name any more; should it come back, it comes as any other.
    mutating func forget(_ name: String) { named[name] = nil }

    func covers(_ address: String, origin: String) -> Bool { named[address] ?? named[origin] ?? isWhole }
}
