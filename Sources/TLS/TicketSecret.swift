internal import COpenSSL

/// One key under which tickets are sealed: its name, which stands in the ticket, a cipher's key and a MAC's.
///
/// It lives in memory of its own and is wiped when the last who uses it lets go.
@safe package final class TicketSecret: Sendable {
    /// Bytes.
    package static let size = 80
    static let nameSize = 16
    private static let cipherSize = 32
    // Unsafe: memory that is freed by hand, so that it can be wiped. Written before anybody else sees it.
    private nonisolated(unsafe) let bytes: UnsafeMutablePointer<UInt8>

    private init() {
        unsafe bytes = .allocate(capacity: Self.size)
        unsafe bytes.initialize(repeating: 0, count: Self.size)
    }

    /// A new one; throws where there are no random bytes.
    static func make() throws(TLSError) -> TicketSecret {
        let secret = TicketSecret()
        guard unsafe RAND_bytes(secret.bytes, Int32(size)) == 1 else {
            throw .setupFromQueue("no random bytes")
        }
        return secret
    }

    /// One that another process made; nil when the size isn't that of one.
    package convenience init?(copying other: Span<UInt8>) {
        guard other.count == Self.size else { return nil }
        self.init()
        for index in 0..<Self.size { unsafe bytes[index] = other[index] }
    }

    deinit {
        unsafe OPENSSL_cleanse(bytes, Self.size)
        unsafe bytes.deallocate()
    }

    /// Appends its bytes, for which there must be room: for the process that takes over.
    package func append(to output: inout OutputSpan<UInt8>) {
        guard output.freeCapacity >= Self.size else { return }
        for index in 0..<Self.size { unsafe output.append(bytes[index]) }
    }

    /// Whether it is the same key, told in a time that does not depend on it.
    package func isSame(as other: TicketSecret) -> Bool {
        unsafe CRYPTO_memcmp(bytes, other.bytes, Self.size) == 0
    }

    @unsafe var name: UnsafePointer<UInt8> { unsafe UnsafePointer(bytes) }
    @unsafe var cipher: UnsafePointer<UInt8> { unsafe UnsafePointer(bytes + Self.nameSize) }
    @unsafe var mac: UnsafePointer<UInt8> {
        unsafe UnsafePointer(bytes + Self.nameSize + Self.cipherSize)
    }
}
