internal import COpenSSL
internal import Synchronization

/// The keys under which session tickets are sealed (RFC 5077, 4; RFC 8446, 4.6.1): one for new tickets, and the one
/// before it, which still opens what it sealed. All workers share them, and so do the contexts before and after a reload.
@safe package final class TicketKeys: Sendable {
    private struct Keys {
        var current: TicketSecret
        var previous: TicketSecret?
    }

    private let keys: Mutex<Keys>

    /// With a first key.
    package init() throws(TLSError) { keys = Mutex(Keys(current: try TicketSecret.make())) }

    /// Seals with a new key from now on, and forgets the one before the last.
    package func rotate() throws(TLSError) {
        let new = try TicketSecret.make()
        keys.withLock { keys in keys = Keys(current: new, previous: keys.current) }
    }

    /// The key that seals, and the one before it where there is one: what another process has to take to go on.
    package var secrets: [TicketSecret] {
        keys.withLock { keys in [keys.current] + (keys.previous.map { [$0] } ?? []) }
    }

    /// Goes on with the keys of another process.
    package func take(current: TicketSecret, previous: TicketSecret?) {
        keys.withLock { $0 = Keys(current: current, previous: previous) }
    }

    @unsafe func attach(to context: OpaquePointer) {
        // Unretained: the context's owner keeps it.
        unsafe trunkline_ctx_on_ticket(context, useTicketKey, Unmanaged.passUnretained(self).toOpaque())
    }

    /// OpenSSL's contract: 0 = unknown key, 1 = go on, 2 = go on and give the client a new ticket, -1 = error.
    @unsafe fileprivate func start(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ mac: OpaquePointer, encrypting: Bool, isSingleUse: Bool
    ) -> Int32 {
        let keys = self.keys.withLock { $0 }
        // The name field has 16 bytes.
        if encrypting { unsafe name.update(from: keys.current.name, count: TicketSecret.nameSize) }
        let isCurrent = unsafe memcmp(name, keys.current.name, TicketSecret.nameSize) == 0
        guard let key = isCurrent ? keys.current : keys.previous,
            unsafe memcmp(name, key.name, TicketSecret.nameSize) == 0
        else { return 0 }
        guard unsafe trunkline_ticket_start(cipher, mac, key.cipher, key.mac, iv, encrypting ? 1 : 0) == 1
        else {
            return -1
        }
        return isCurrent && !isSingleUse ? 1 : 2
    }
}

private let useTicketKey: trunkline_ticket_callback = { ssl, name, iv, cipher, mac, encrypting in
    guard let ssl = unsafe ssl, let name = unsafe name, let iv = unsafe iv, let cipher = unsafe cipher,
        let mac = unsafe mac, let owner = unsafe trunkline_ticket_owner(ssl)
    else { return -1 }
    let keys = unsafe Unmanaged<TicketKeys>.fromOpaque(owner).takeUnretainedValue()
    // In TLS 1.3 clients use each once (RFC 8446, C.4): who comes with one needs another.
    let isSingleUse = unsafe encrypting == 0 && SSL_version(ssl) == TLS1_3_VERSION
    return unsafe keys.start(
        name, iv, cipher, mac, encrypting: encrypting == 1, isSingleUse: isSingleUse)
}
