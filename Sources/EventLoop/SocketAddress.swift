internal import CLinux

/// An IPv4, IPv6 or Unix socket address, in the shape that the kernel takes.
package struct SocketAddress: Sendable, CustomStringConvertible {
    var storage: sockaddr_storage
    var length: socklen_t

    init(storage: sockaddr_storage, length: socklen_t) {
        self.storage = storage
        self.length = length
    }

    /// A numeric IPv4 or IPv6 address (no brackets); nil when the text is neither.
    package init?(ip: String, port: UInt16) {
        var storage = sockaddr_storage()
        if let length = SocketAddress.fillIPv4(&storage, ip, port)
            ?? SocketAddress.fillIPv6(&storage, ip, port)
        {
            self.init(storage: storage, length: length)
        } else {
            return nil
        }
    }

    /// An IPv4 or IPv6 address of 4 or 16 bytes in network order; nil when they are another number.
    package init?(bytes: [UInt8], port: UInt16) {
        var storage = sockaddr_storage()
        switch bytes.count {
        case 4:
            storage.ss_family = sa_family_t(AF_INET)
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
        case 16:
            storage.ss_family = sa_family_t(AF_INET6)
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        default: return nil
        }
        // Both have the port behind the family; then IPv4 has the address and IPv6 has four bytes of flow first.
        let offset = bytes.count == 4 ? 4 : 8
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            unsafe raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            for (index, byte) in bytes.enumerated() { unsafe raw[offset + index] = byte }
        }
        self.storage = storage
    }

    /// The path of a Unix socket; nil when it is longer than the kernel takes (107 bytes) or empty.
    package init?(unixPath path: String) {
        var storage = sockaddr_storage()
        let bytes = Array(path.utf8)
        let offset = MemoryLayout<sa_family_t>.size
        guard !bytes.isEmpty, bytes.count < 108, !bytes.contains(0) else { return nil }
        storage.ss_family = sa_family_t(AF_UNIX)
        // sockaddr_un is a family followed by the path; the storage is larger than both.
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            for (index, byte) in bytes.enumerated() { unsafe raw[offset + index] = byte }
        }
        self.init(storage: storage, length: socklen_t(offset + bytes.count + 1))
    }

    private static func fillIPv4(_ storage: inout sockaddr_storage, _ ip: String, _ port: UInt16)
        -> socklen_t?
    {
        var address = sockaddr_in()
        guard unsafe inet_pton(AF_INET, ip, &address.sin_addr) == 1 else { return nil }
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        // Every socket address type may be stored in sockaddr_storage: that is what it is for.
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.storeBytes(of: address, as: sockaddr_in.self)
        }
        return socklen_t(MemoryLayout<sockaddr_in>.size)
    }

    private static func fillIPv6(_ storage: inout sockaddr_storage, _ ip: String, _ port: UInt16)
        -> socklen_t?
    {
        var address = sockaddr_in6()
        guard unsafe inet_pton(AF_INET6, ip, &address.sin6_addr) == 1 else { return nil }
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.storeBytes(of: address, as: sockaddr_in6.self)
        }
        return socklen_t(MemoryLayout<sockaddr_in6>.size)
    }

    var family: Int32 { Int32(storage.ss_family) }

    /// Whether this is the address of a Unix socket.
    package var isUnix: Bool { family == AF_UNIX }

    /// Whether what is sent there never leaves the machine: 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        switch family {
        case AF_INET:
            return unsafe UInt32(bigEndian: view(as: sockaddr_in.self).sin_addr.s_addr) >> 24 == 127
        case AF_INET6:
            let address = unsafe view(as: sockaddr_in6.self).sin6_addr.__in6_u.__u6_addr32
            return address.0 == 0 && address.1 == 0 && address.2 == 0 && address.3 == UInt32(1).bigEndian
        default: return false
        }
    }

    /// The port; 0 for a Unix socket.
    package var port: UInt16 {
        switch family {
        case AF_INET: UInt16(bigEndian: unsafe view(as: sockaddr_in.self).sin_port)
        case AF_INET6: UInt16(bigEndian: unsafe view(as: sockaddr_in6.self).sin6_port)
        default: 0
        }
    }

    /// Whether it is one peer's. Others stand for this machine (0.0.0.0/8, ::; RFC 6890), or for many: multicast, broadcast.
    package var isOfOnePeer: Bool {
        switch family {
        case AF_INET:
            return Self.isOfOnePeer(unsafe UInt32(bigEndian: view(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6:
            let bytes = unsafe withUnsafeBytes(of: view(as: sockaddr_in6.self).sin6_addr) {
                unsafe Array($0)
            }
            guard bytes.dropLast(6).allSatisfy({ $0 == 0 }) else { return bytes.first != 0xFF }
            // IPv4 within IPv6, and the unspecified address, which looks like it.
            let last = bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            if bytes[10] == 0xFF, bytes[11] == 0xFF { return Self.isOfOnePeer(last) }
            return last != 0 || bytes[10] != 0 || bytes[11] != 0
        default: return true
        }
    }

    private static func isOfOnePeer(_ address: UInt32) -> Bool {
        let first = address >> 24
        return first != 0 && !(224..<240).contains(first) && address != .max
    }

    /// The address without its port: `127.0.0.1`, `::1` (an IPv4 address mapped into IPv6 as IPv4), or `unix:`.
    package var host: String {
        switch family {
        case AF_INET:
            return SocketAddress.ipv4(unsafe UInt32(bigEndian: view(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6:
            var address = unsafe view(as: sockaddr_in6.self).sin6_addr
            let text = unsafe SocketAddress.text(AF_INET6, &address)
            return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
        default:
            return "unix:"
        }
    }

    /// As the configuration spells it: `192.0.2.1:80`, `[2001:db8::1]:80`, `unix:/path`.
    package var description: String {
        switch family {
        case AF_UNIX: "unix:" + unixPath
        case AF_INET6: "[\(host)]:\(port)"
        default: "\(host):\(port)"
        }
    }

    /// The path of a Unix socket; empty when it has none, as the client side of an accepted one.
    package var unixPath: String {
        let offset = MemoryLayout<sa_family_t>.size
        guard isUnix, Int(length) > offset else { return "" }
        return unsafe withUnsafeBytes(of: storage) { raw in
            unsafe String(decoding: raw[offset..<Int(length)].prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// A copy of the storage as one of the concrete types, none of which is larger.
    @unsafe private func view<T>(as type: T.Type) -> T {
        unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: type) }
    }

    /// In dotted decimals.
    private static func ipv4(_ address: UInt32) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(15)
        for shift: UInt32 in [24, 16, 8, 0] {
            let part = UInt8(truncatingIfNeeded: address >> shift)
            if part >= 100 { text.append(UInt8(ascii: "0") + part / 100) }
            if part >= 10 { text.append(UInt8(ascii: "0") + part / 10 % 10) }
            text.append(UInt8(ascii: "0") + part % 10)
            if shift > 0 { text.append(UInt8(ascii: ".")) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    @unsafe private static func text(_ family: Int32, _ address: UnsafeRawPointer) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        guard unsafe inet_ntop(family, address, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
