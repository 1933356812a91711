/// The records in which OpenSSL has sealed the ticket of a handshake (RFC 8446, 4.6.1). They leave in front of our first
/// record, and are counted as it is.
package struct SealedTicket: Equatable, Sendable {
    /// The records, whole.
    package let bytes: [UInt8]
    /// How many they are: the next record's sequence number (RFC 8446, 5.3).
    package let records: UInt64

    /// Nil where these are not whole records.
    package init?(_ bytes: [UInt8]) {
        var records: UInt64 = 0
        var position = 0
        while position + RecordLayout.header <= bytes.count {
            position += RecordLayout.header + Int(bytes[position + 3]) << 8 + Int(bytes[position + 4])
            records += 1
        }
        guard position == bytes.count else { return nil }
        self.bytes = bytes
        self.records = records
    }
}
