package import HTTPProtocol

/// Which addresses may ask: the first rule that an address is in decides.
package struct AddressRules: Equatable, Sendable {
    /// What becomes of the addresses of a list.
    package enum Verdict: Equatable, Sendable { case allow, deny }

    private var rules: [(verdict: Verdict, addresses: TrustedProxies)] = []

    /// Everybody may.
    package init() {}

    /// Rules that were written one after the other.
    package init(_ rules: [(Verdict, TrustedProxies)]) { self.rules = rules }

    /// The same rules in the same order.
    package static func == (a: AddressRules, b: AddressRules) -> Bool {
        a.rules.elementsEqual(b.rules) { $0 == $1 }
    }

    /// Whoever is in none of the lists may ask unless some list says who may.
    ///
    /// - Parameter address: without a port; `unix:` for a Unix socket.
    package func allows(_ address: String) -> Bool {
        for rule in rules where rule.addresses.contains(address) { return rule.verdict == .allow }
        return !rules.contains { $0.verdict == .allow }
    }
}
