/// Addresses that begin with the same bits (RFC 4632, 3.1; RFC 4291, 2.3). IPv4 addresses in IPv6 are what they map to.
package struct AddressRange: Equatable, Sendable, CustomStringConvertible {
    private let bytes: [UInt8]
    private let bits: Int
    /// As it was spelled.
    package let description: String

    /// `10.0.0.0/8`, `2001:db8::/32`, or one address; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.bytes(parts[0]) else { return nil }
        self.bytes = bytes
        description = text
        guard parts.count == 2 else {
            bits = bytes.count * 8
            return
        }
        guard let number = AddressText.port(parts[1]), number <= bytes.count * 8, !parts[0].contains("%")
        else { return nil }
        bits = Int(number)
    }

    /// Whether an address is one of them.
    package func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        let whole = bits / 8
        guard address[..<whole] == bytes[..<whole] else { return false }
        guard bits % 8 > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (bits % 8))
        return address[whole] & mask == bytes[whole] & mask
    }

    /// An address as 4 or 16 bytes, whatever its zone; nil for what is none.
    package static func bytes(_ text: Substring) -> [UInt8]? {
        if let four = AddressText.ipv4(text) { return four }
        guard let all = AddressText.ipv6(text.prefix { $0 != "%" }) else { return nil }
        // RFC 4291, 2.5.5.2.
        let isMapped = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
        return isMapped ? Array(all[12...]) : all
    }
}
