internal import COpenSSL

/// The cipher contexts of one thread, lent to the directions that have records to seal or to open.
///
/// A context with its key schedule takes more than a kilobyte, a traffic secret some fifty bytes. So a direction has one
/// while it is busy: it keeps what it was lent until `trim` finds it unused, or another direction needs it more. There are
/// few at first, and more when directions come back for what others have taken from them: thousands of connections that
/// only shake hands leave no memory behind, thousands that talk at once do not key a context for every record.
@safe package final class CipherPool {
    package static let fewest = 128
    /// The bound of what thousands of busy connections take.
    package static let most = 4_096

    @safe private struct Slot {
        // Nil once it was unused for long.
        var context: OpaquePointer?
        /// Of the direction that has it; 0 = nobody.
        var ticket: UInt64 = 0
        var suite: CipherSuite?
        var isSealing = false
        /// Since the last `trim`.
        var isUsed = false
    }

    private var slots: [Slot] = []
    /// Slots that nobody has.
    private var free: [Int] = []
    private var hand = 0
    private var lastTicket: UInt64 = 0
    /// How many slots there may be now.
    private var capacity = CipherPool.fewest
    /// Directions that came back for a context which another one had taken, since the last change.
    private var losses = 0
    // Fetched once: to find an algorithm by its name takes OpenSSL longer than to seal a small record.
    private let ciphers: [OpaquePointer]
    private let sha256: OpaquePointer
    private let sha384: OpaquePointer

    /// One for each thread; throws where OpenSSL has not the algorithms.
    package init() throws(TLSError) {
        var ciphers: [OpaquePointer] = unsafe []
        for suite in CipherSuite.allCases {
            guard let cipher = unsafe EVP_CIPHER_fetch(nil, suite.name, nil) else {
                throw .setupFromQueue("cannot fetch \(suite.name)")
            }
            unsafe ciphers.append(cipher)
        }
        guard let sha256 = unsafe trunkline_hmac_new("SHA256"),
            let sha384 = unsafe trunkline_hmac_new("SHA384")
        else { throw .setupFromQueue("cannot fetch HMAC") }
        unsafe self.ciphers = ciphers
        unsafe self.sha256 = sha256
        unsafe self.sha384 = sha384
    }

    deinit {
        for slot in slots { unsafe EVP_CIPHER_CTX_free(slot.context) }
        unsafe ciphers.forEach { unsafe EVP_CIPHER_free($0) }
        unsafe EVP_MAC_CTX_free(sha256)
        unsafe EVP_MAC_CTX_free(sha384)
    }

    /// How many contexts there are.
    package var count: Int { slots.reduce(0) { unsafe $0 + ($1.context == nil ? 0 : 1) } }

    // MARK: Contexts

    /// A context with the direction's key, good until the next call; nil where OpenSSL fails.
    @inline(__always)
    func context(_ keys: borrowing TrafficKeys, sealing: Bool) -> OpaquePointer? {
        let slot = unsafe keys.values.pointee.slot
        let ticket = unsafe keys.values.pointee.ticket
        if ticket != 0, slot < slots.count, slots[slot].ticket == ticket {
            slots[slot].isUsed = true
            return unsafe slots[slot].context
        }
        return unsafe lend(keys, sealing)
    }

    private func lend(_ keys: borrowing TrafficKeys, _ sealing: Bool) -> OpaquePointer? {
        if unsafe keys.values.pointee.ticket != 0 { countLoss() }
        guard let index = takeSlot(), let context = unsafe slots[index].context else { return nil }
        let cipher = unsafe ciphers[Int(keys.suite.rawValue &- CipherSuite.aes128GCM.rawValue)]
        // For the same cipher only the key is new: OpenSSL would make all else anew.
        let isSame = slots[index].suite == keys.suite && slots[index].isSealing == sealing
        let isKeyed = unsafe keys.values.pointee.key.span.withUnsafeBufferPointer { key in
            unsafe trunkline_aead_key(context, isSame ? nil : cipher, key.baseAddress, sealing ? 1 : 0)
        }
        guard isKeyed == 1 else {
            unsafe EVP_CIPHER_CTX_free(context)
            slots[index] = Slot()
            free.append(index)
            return nil
        }
        lastTicket &+= 1
        slots[index].suite = keys.suite
        slots[index].isSealing = sealing
        slots[index].ticket = lastTicket
        slots[index].isUsed = true
        unsafe keys.values.pointee.slot = index
        unsafe keys.values.pointee.ticket = lastTicket
        return unsafe context
    }

    private func countLoss() {
        losses += 1
        guard losses > capacity, capacity < Self.most else { return }
        capacity *= 2
        losses = 0
    }

    /// A slot with a context: one that nobody has, a new one, or that of a direction which has not used it lately.
    private func takeSlot() -> Int? {
        if let index = free.popLast() {
            if unsafe slots[index].context == nil { unsafe slots[index].context = EVP_CIPHER_CTX_new() }
            if unsafe slots[index].context != nil { return index }
            free.append(index)
        } else if slots.count < capacity, let context = unsafe EVP_CIPHER_CTX_new() {
            unsafe slots.append(Slot(context: context))
            return slots.count - 1
        }
        // Every slot is looked at twice at most: the first time it loses its mark.
        for _ in 0..<2 * slots.count {
            hand = (hand + 1) % slots.count
            // Where there is no memory for more, some have none.
            guard unsafe slots[hand].context != nil else { continue }
            if !slots[hand].isUsed { return hand }
            slots[hand].isUsed = false
        }
        return nil
    }

    /// The direction needs its context no more, or not with this key.
    func release(_ keys: borrowing TrafficKeys) {
        let slot = unsafe keys.values.pointee.slot
        let ticket = unsafe keys.values.pointee.ticket
        guard ticket != 0, slot < slots.count, slots[slot].ticket == ticket else { return }
        slots[slot].ticket = 0
        free.append(slot)
        unsafe keys.values.pointee.ticket = 0
    }

    /// Frees the contexts that were not used since the last call, with the keys in them.
    package func trim() {
        losses = 0
        for index in slots.indices {
            guard !slots[index].isUsed else {
                slots[index].isUsed = false
                continue
            }
            guard unsafe slots[index].context != nil else { continue }
            unsafe EVP_CIPHER_CTX_free(slots[index].context)
            if slots[index].ticket != 0 { free.append(index) }
            slots[index] = Slot()
        }
    }

    // MARK: Keys

    /// HKDF-Expand-Label with no context (RFC 8446, 7.1), for no more bytes than the hash has; false where OpenSSL fails.
    func expand(
        _ suite: CipherSuite, _ secret: Span<UInt8>, _ label: StaticString, _ count: Int,
        _ take: (Span<UInt8>) -> Void
    ) -> Bool {
        // HkdfLabel, and the counter of HKDF's first block, which is the only one here (RFC 5869, 2.3).
        var info: [UInt8] = [0, UInt8(clamping: count), UInt8(clamping: 6 + label.utf8CodeUnitCount)]
        info += Array("tls13 ".utf8)
        label.withUTF8Buffer { text in unsafe info.append(contentsOf: text) }
        info += [0, 1]
        var block = InlineArray<48, UInt8>(repeating: 0)
        var room = block.mutableSpan
        let mac = unsafe suite == .aes256GCM ? sha384 : sha256
        let isDone = unsafe secret.withUnsafeBufferPointer { secret in
            unsafe room.withUnsafeMutableBufferPointer { block in
                unsafe trunkline_hmac(
                    mac, secret.baseAddress, suite.secretSize, info, info.count, block.baseAddress,
                    block.count)
            }
        }
        if isDone == 1 { take(block.span.extracting(0..<count)) }
        unsafe withUnsafeMutableBytes(of: &block) { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        return isDone == 1
    }
}
