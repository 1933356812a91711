/// Looks at a text message as it comes: whether it begins with a prefix, and what follows that.
package struct PrefixWatch: Equatable, Sendable {
    /// What becomes of the message.
    package enum Decision: Equatable, Sendable {
        /// It may still be one: nothing of it goes on yet.
        case undecided
        /// It is none: these bytes, which were kept, go on before those that follow.
        case other(kept: [UInt8])
        /// It is one, and in full.
        case taken(text: [UInt8])
        /// It is one, and longer than a token may be.
        case tooLong
    }

    private let prefix: [UInt8]
    private let most: Int
    private var kept: [UInt8] = []
    private var isOther = false

    /// - Parameter most: bytes behind the prefix.
    package init(prefix: [UInt8], most: Int = SignedToken.mostBytes) {
        self.prefix = prefix
        self.most = most
    }

    /// A new message begins.
    package mutating func begin() {
        kept = []
        isOther = false
    }

    /// More of the message. Once it is none, that is said once with what was kept, and then with nothing.
    package mutating func take(_ bytes: Span<UInt8>, isLast: Bool) -> Decision {
        guard !isOther else { return .other(kept: []) }
        let room = prefix.count + most - kept.count
        for index in 0..<min(bytes.count, room + 1) {
            let place = kept.count
            if place < prefix.count, bytes[index] != prefix[place] { return giveUp(at: index) }
            kept.append(bytes[index])
        }
        if kept.count > prefix.count + most { return .tooLong }
        guard isLast else { return .undecided }
        guard kept.count >= prefix.count else { return giveUp(at: bytes.count) }
        let text = Array(kept.dropFirst(prefix.count))
        kept = []
        return .taken(text: text)
    }

    /// What this call brought is still the caller's: only what came before it is given back.
    private mutating func giveUp(at index: Int) -> Decision {
        isOther = true
        let before = Array(kept.prefix(kept.count - min(index, kept.count)))
        kept = []
        return .other(kept: before)
    }
}
