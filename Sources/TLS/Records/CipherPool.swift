internal import COpenSSL

/// The cipher contexts of one thread, lent to the directions that have records to seal or to open.
///
/// A context with its key schedule takes more than a kilobyte, a traffic secret some fifty bytes. So a direction has one of
/// its own only while its records come in quick succession, and keeps it until `trim` finds it unused. Others share one,
/// which is keyed anew for each record: after more records of others than `most`, a context has left the processor's caches,
/// and to fetch it from memory takes longer than to make it. So it costs the same whether a message goes to thousands or
/// to many thousands, and thousands of connections that only shake hands leave no memory behind.
@safe package final class CipherPool {
    /// Directions that get a context with their first record.
    package static let fewest = 128
    /// Contexts, and records of others between two of a direction with one of its own.
    package static let most = 1_024

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
    /// One for each suite and direction, made when it is first needed.
    private var shared: [Slot]
    private var lastTicket: UInt64 = 0
    /// Records of all directions so far.
    private var records: UInt64 = 0
    // Fetched once: to find an algorithm by its name takes OpenSSL longer than to seal a small record.
    private let ciphers: [OpaquePointer]
    /// Which of them take a nonce the quick way.
    private let areQuick: [Bool]
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
        shared = [Slot](repeating: Slot(), count: 2 * CipherSuite.allCases.count)
        unsafe self.ciphers = ciphers
        areQuick = unsafe ciphers.map { unsafe trunkline_aead_is_quick($0) == 1 }
        unsafe self.sha256 = sha256
        unsafe self.sha384 = sha384
    }

    deinit {
        for slot in slots + shared { unsafe EVP_CIPHER_CTX_free(slot.context) }
        unsafe ciphers.forEach { unsafe EVP_CIPHER_free($0) }
        unsafe EVP_MAC_CTX_free(sha256)
        unsafe EVP_MAC_CTX_free(sha384)
    }

    /// How many contexts directions have, or had until lately.
    package var count: Int { slots.reduce(0) { unsafe $0 + ($1.context == nil ? 0 : 1) } }

    // MARK: Contexts

    /// A context with the direction's key for its next record, good until the next call; nil where OpenSSL fails.
    @inline(__always)
    func context(_ keys: borrowing TrafficKeys, sealing: Bool) -> OpaquePointer? {
        records &+= 1
        let before = unsafe keys.values.pointee.lastRecord
        unsafe keys.values.pointee.lastRecord = records
        let slot = unsafe keys.values.pointee.slot
        let ticket = unsafe keys.values.pointee.ticket
        if ticket != 0, slot < slots.count, slots[slot].ticket == ticket, records &- before <= Self.most {
            slots[slot].isUsed = true
            return unsafe slots[slot].context
        }
        return unsafe find(keys, sealing, before)
    }

    private func find(
        _ keys: borrowing TrafficKeys, _ sealing: Bool, _ before: UInt64
    ) -> OpaquePointer? {
        release(keys)
        let isFirst = before == 0 && (slots.count < Self.fewest || !free.isEmpty)
        let isEarly = before == 0 ? isFirst : records &- before <= Self.most
        guard isEarly, let index = takeSlot() else { return unsafe share(keys, sealing) }
        guard let context = unsafe key(&slots[index], keys, sealing) else {
            free.append(index)
            return nil
        }
        lastTicket &+= 1
        slots[index].ticket = lastTicket
        unsafe keys.values.pointee.slot = index
        unsafe keys.values.pointee.ticket = lastTicket
        return unsafe context
    }

    private func share(_ keys: borrowing TrafficKeys, _ sealing: Bool) -> OpaquePointer? {
        let index = 2 * place(keys.suite) + (sealing ? 1 : 0)
        if unsafe shared[index].context == nil { unsafe shared[index].context = EVP_CIPHER_CTX_new() }
        return unsafe key(&shared[index], keys, sealing)
    }

    /// Puts the direction's key into a context; where OpenSSL fails the context is freed.
    private func key(
        _ slot: inout Slot, _ keys: borrowing TrafficKeys, _ sealing: Bool
    ) -> OpaquePointer? {
        guard let context = unsafe slot.context else { return nil }
        // For the same cipher only the key is new: OpenSSL would make all else anew.
        let isSame = slot.suite == keys.suite && slot.isSealing == sealing
        let place = place(keys.suite)
        let cipher = unsafe isSame ? nil : ciphers[place]
        let isKeyed = unsafe keys.values.pointee.key.span.withUnsafeBufferPointer { key in
            unsafe trunkline_aead_key(
                context, cipher, key.baseAddress, sealing ? 1 : 0, areQuick[place] ? 1 : 0)
        }
        guard isKeyed == 1 else {
            unsafe EVP_CIPHER_CTX_free(context)
            slot = Slot()
            return nil
        }
        slot.suite = keys.suite
        slot.isSealing = sealing
        slot.isUsed = true
        return unsafe context
    }

    private func place(_ suite: CipherSuite) -> Int {
        Int(suite.rawValue &- CipherSuite.aes128GCM.rawValue)
    }

    /// A slot with a context that nobody has; nil when there are as many as may be.
    private func takeSlot() -> Int? {
        guard let index = free.popLast() else {
            guard slots.count < Self.most, let context = unsafe EVP_CIPHER_CTX_new() else { return nil }
            unsafe slots.append(Slot(context: context))
            return slots.count - 1
        }
        if unsafe slots[index].context == nil { unsafe slots[index].context = EVP_CIPHER_CTX_new() }
        if unsafe slots[index].context != nil { return index }
        free.append(index)
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
        for index in shared.indices {
            if !shared[index].isUsed, unsafe shared[index].context != nil {
                unsafe EVP_CIPHER_CTX_free(shared[index].context)
                shared[index] = Slot()
            }
            shared[index].isUsed = false
        }
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
