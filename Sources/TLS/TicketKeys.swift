internal import COpenSSL
internal import Synchronization

/// The keys under which session tickets are sealed (RFC 5077, 4; RFC 8446, 4.6.1): one for new tickets, and the one
/// before it, which still opens what it sealed. All workers share them, and so do the contexts before and after a reload.
@safe package final class TicketKeys: Sendable {
    private struct Key {
        let name: [UInt8]
        let cipher: [UInt8]
        let mac: [UInt8]

        static func make() throws(TLSError) -> Key {
            var bytes = [UInt8](repeating: 0, count: 80)
            guard unsafe RAND_bytes(&bytes, 80) == 1 else { throw .setupFromQueue("no random bytes") }
            return Key(name: Array(bytes[..<16]), cipher: Array(bytes[16..<48]), mac: Array(bytes[48...]))
        }
    }

    private struct Keys {
        var current: Key
        var previous: Key?
    }

    private let keys: Mutex<Keys>

    /// With a first key.
    package init() throws(TLSError) { keys = Mutex(Keys(current: try Key.make())) }

    /// Seals with a new key from now on, and forgets the one before the last.
    package func rotate() throws(TLSError) {
        let new = try Key.make()
        keys.withLock { keys in keys = Keys(current: new, previous: keys.current) }
    }

    @unsafe func attach(to context: OpaquePointer) {
        // Unretained: the context's owner keeps it.
        unsafe trunkline_ctx_on_ticket(context, useTicketKey, Unmanaged.passUnretained(self).toOpaque())
    }

    /// OpenSSL's contract: 0 = unknown key, 1 = go on, 2 = go on and give the client a new ticket, -1 = error.
    @unsafe fileprivate func start(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ mac: OpaquePointer, encrypting: Bool
    ) -> Int32 {
        let keys = self.keys.withLock { $0 }
        if encrypting {
            // The name field has 16 bytes.
            for (index, byte) in keys.current.name.enumerated() { unsafe name[index] = byte }
        }
        let wanted = unsafe Array(UnsafeBufferPointer(start: name, count: 16))
        let isCurrent = wanted == keys.current.name
        guard let key = isCurrent ? keys.current : keys.previous, key.name == wanted else { return 0 }
        guard unsafe trunkline_ticket_start(cipher, mac, key.cipher, key.mac, iv, encrypting ? 1 : 0) == 1
        else {
            return -1
        }
        return isCurrent ? 1 : 2
    }
}

private let useTicketKey: trunkline_ticket_callback = { ssl, name, iv, cipher, mac, encrypting in
    guard let ssl = unsafe ssl, let name = unsafe name, let iv = unsafe iv, let cipher = unsafe cipher,
        let mac = unsafe mac, let owner = unsafe trunkline_ticket_owner(ssl)
    else { return -1 }
    let keys = unsafe Unmanaged<TicketKeys>.fromOpaque(owner).takeUnretainedValue()
    return unsafe keys.start(name, iv, cipher, mac, encrypting: encrypting == 1)
}
