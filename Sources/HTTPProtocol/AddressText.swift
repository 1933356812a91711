internal import ASCII

/// Addresses and ports as text, strictly: one spelling of each number, nothing around it.
package enum AddressText {
    /// `192.0.2.1` as 4 bytes.
    package static func ipv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let number = decimal(part, most: 255) else { return nil }
            bytes.append(UInt8(number))
        }
        return bytes
    }

    /// An IPv6 address (RFC 4291, 2.2) as 16 bytes; without zone.
    package static func ipv6(_ text: Substring) -> [UInt8]? {
        guard let gap = text.firstGap else { return groups(text).flatMap { $0.count == 16 ? $0 : nil } }
        let after = text[text.index(gap, offsetBy: 2)...]
        // A second `::` would be ambiguous.
        guard after.firstGap == nil, !after.hasPrefix(":"), let head = groups(text[..<gap], isHead: true),
            let tail = groups(after), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// Whether an address, of 4 or 16 bytes, is one peer's. Others stand for this machine (0.0.0.0/8, ::; RFC 6890), or for
    /// many: multicast, broadcast.
    package static func isOfOnePeer(_ bytes: [UInt8]) -> Bool {
        if bytes.count == 4 {
            return bytes[0] != 0 && !(224..<240).contains(bytes[0]) && bytes.contains { $0 != 255 }
        }
        guard bytes.count == 16, bytes.prefix(10).allSatisfy({ $0 == 0 }) else { return bytes.first != 0xFF }
        // IPv4 within IPv6, and the unspecified address, which looks like it.
        if bytes[10] == 0xFF, bytes[11] == 0xFF { return isOfOnePeer(Array(bytes.suffix(4))) }
        return bytes.contains { $0 != 0 }
    }

    /// A port from 0 to 65535.
    package static func port(_ text: Substring) -> UInt16? { decimal(text, most: 65_535).map { UInt16($0) } }

    private static func decimal(_ text: Substring, most: Int) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isDigit }),
            text.utf8.count == 1 || text.utf8.first != .zero, let number = Int(text), number <= most
        else { return nil }
        return number
    }

    /// Groups of 16 bits between colons; the last two may be spelt as an IPv4 address.
    private static func groups(_ text: Substring, isHead: Bool = false) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, !isHead, part.contains(".") {
                guard let last = ipv4(part) else { return nil }
                bytes += last
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ $0.hexValue != nil }),
                let number = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(number >> 8), UInt8(number & 255)]
        }
        return bytes.count <= 16 ? bytes : nil
    }
}

extension Substring {
    /// Where `::` stands first.
    fileprivate var firstGap: Index? {
        indices.first { self[$0] == ":" && self[index(after: $0)...].first == ":" }
    }
}
