/// Something that can let go of what an account holds, by giving its peer up.
package protocol MemoryHolder: AnyObject {
    /// Which peer that is, for the log.
    var peerName: String { get }
    /// We were asked for it, and did not ask.
    var isClient: Bool { get }
    /// Gives the peer up at once; all that is held for it is released. False when there is nobody to be given up.
    func giveUpForMemory() -> Bool
}

/// Every byte that is held for the peer of one connection, whoever made it.
///
/// A connection has one. Bytes get on it by a `MemoryCharge`, and off it with that: none is forgotten.
package final class MemoryAccount {
    /// Bytes.
    package private(set) var held = 0
    /// Of the loop.
    package let ledger: MemoryLedger
    /// nil where nobody can be given up for it. Takes itself off when it ends: a weak reference would make each retain of
    /// a socket slower.
    package unowned var holder: (any MemoryHolder)? { didSet { classify() } }
    /// Where its holder is counted; -1 = nowhere.
    private var sizeClass = -1
    /// Where the ledger keeps it while something is held; -1 else.
    var position = -1

    /// An account on which nothing is held yet.
    package init(on ledger: MemoryLedger) { self.ledger = ledger }

    func change(by difference: Int) {
        held &+= difference
        if held > 0 {
            if position < 0 { ledger.enlist(self) }
        } else if position >= 0 {
            ledger.strike(self)
        }
        classify()
        ledger.change(by: difference)
    }

    private func classify() {
        let new = held < MemoryClasses.least || holder == nil ? -1 : MemoryClasses.index(of: held)
        if new != sizeClass { count(at: new) }
    }

    /// Whether somebody may be given up for it, who holds as much.
    func isCounted(from least: Int) -> Bool { sizeClass >= 0 && held >= least }

    private func count(at new: Int) {
        ledger.classes.move(from: sizeClass, to: new)
        sizeClass = new
    }

    /// Its holder can't let go of this: is not asked again before something changes.
    func passOver() { count(at: -1) }
}

/// Bytes on an account for as long as it lives.
package struct MemoryCharge: ~Copyable {
    /// On which they are.
    package let account: MemoryAccount
    /// How many.
    package private(set) var bytes = 0

    /// None yet.
    package init(to account: MemoryAccount) { self.account = account }

    /// So many are held now.
    package mutating func set(_ new: Int) {
        guard new != bytes else { return }
        account.change(by: new &- bytes)
        bytes = new
    }

    deinit { if bytes != 0 { account.change(by: 0 &- bytes) } }
}
