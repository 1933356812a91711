internal import COpenSSL

/// Where a record's parts are and how large they may be (RFC 8446, 5.1 and 5.2).
package enum RecordLayout {
    /// Bytes before what is encrypted.
    package static let header = 5
    static let tag = 16
    /// Of plaintext.
    package static let largest = 16_384
    /// What a record adds to its plaintext: header, type and tag.
    package static let overhead = header + 1 + tag
    /// After the header: plaintext, type, padding and tag.
    static let largestBody = largest + 256
    /// The outer type and version of all of them.
    static let applicationData: UInt8 = 23
}

/// The types that stand inside a record (RFC 8446, B.1).
package enum ContentType {
    /// Two bytes: level and description (6).
    package static let alert: UInt8 = 21
    /// Messages after the handshake (4.6).
    package static let handshake: UInt8 = 22
    /// What the application says.
    package static let data: UInt8 = 23
}

/// What an opened record was.
package enum OnRecord: Equatable {
    /// So many bytes of data.
    case data(Int)
    /// Nothing to hand on.
    case nothing
    /// close_notify: nothing more will come.
    case closed
    /// The peer ends the connection with this alert.
    case alert(UInt8)
}

/// Opens what a client sends after its handshake: data, alerts and changes of its key (RFC 8446, 4.6, 5 and 6).
package struct RecordReader: ~Copyable {
    /// In a row, of records without data and of key updates: a peer that has reason for more is unknown.
    package static let mostEmpty: UInt8 = 32

    let keys: TrafficKeys
    /// The peer wants our key changed before the next data.
    package private(set) var wantsKeyUpdate = false
    /// What has come of a handshake message; none may be longer.
    private var message = InlineArray<5, UInt8>(repeating: 0)
    private var messageCount = 0
    private var emptyInRow: UInt8 = 0
    private var updatesInRow: UInt8 = 0
    /// Half a handshake message has come.
    var isAmidMessage: Bool { messageCount > 0 }

    /// For records under this secret, from its first one on.
    package init(_ keys: consuming TrafficKeys) { self.keys = keys }

    /// Where they were read by another thread before.
    init(_ keys: consuming TrafficKeys, wantsKeyUpdate: Bool) {
        self.keys = keys
        self.wantsKeyUpdate = wantsKeyUpdate
    }

    /// Our key has been changed.
    mutating func keyUpdated() { wantsKeyUpdate = false }

    /// Opens the whole record that these bytes are, where it stands.
    package mutating func open(_ record: inout MutableSpan<UInt8>) throws(RecordError) -> OnRecord {
        let bytes = unsafe record.withUnsafeMutableBufferPointer { unsafe $0 }
        guard let start = bytes.baseAddress,
            let size = unsafe try Self.size(start, available: bytes.count), size == bytes.count
        else { throw .malformed }
        return unsafe try open(start, size: size, into: start + RecordLayout.header)
    }

    /// The size of the record that begins here, header included; nil while its header is incomplete.
    @unsafe static func size(_ start: UnsafePointer<UInt8>, available: Int) throws(RecordError) -> Int? {
        guard available >= RecordLayout.header else { return nil }
        return unsafe try size(type: start[0], start[3], start[4])
    }

    /// The same by the bytes of a header that count: its version says nothing (5.1).
    static func size(type: UInt8, _ high: UInt8, _ low: UInt8) throws(RecordError) -> Int {
        guard type == RecordLayout.applicationData else { throw .unexpectedType }
        let body = Int(high) &<< 8 | Int(low)
        guard body <= RecordLayout.largestBody else { throw .tooLong }
        guard body > RecordLayout.tag else { throw .badTag }
        return RecordLayout.header &+ body
    }

    /// Opens a whole record.
    ///
    /// - Parameter plaintext: has room for what follows the header: the memory where that stands, or other memory.
    @unsafe mutating func open(
        _ record: UnsafeMutablePointer<UInt8>, size: Int, into plaintext: UnsafeMutablePointer<UInt8>
    ) throws(RecordError) -> OnRecord {
        guard let context = unsafe keys.context(sealing: false) else { throw .internalFailure }
        var count = size &- RecordLayout.header &- RecordLayout.tag
        let nonce = keys.nextNonce()
        let isSound = unsafe nonce.span.withUnsafeBufferPointer { nonce in
            unsafe trunkline_aead_open(
                context, nonce.baseAddress, record, record + RecordLayout.header, Int32(count), plaintext)
        }
        guard isSound == 1 else {
            ERR_clear_error()
            throw .badTag
        }
        // The type is the last byte that is not padding (5.4).
        repeat {
            count &-= 1
            guard count >= 0 else { throw .unexpectedType }
        } while unsafe plaintext[count] == 0
        guard count <= RecordLayout.largest else { throw .tooLong }
        let type = unsafe plaintext[count]
        if type == ContentType.data, messageCount == 0, count > 0 {
            (emptyInRow, updatesInRow) = (0, 0)
            return .data(count)
        }
        return unsafe try take(type, UnsafeBufferPointer(start: plaintext, count: count))
    }

    private mutating func take(
        _ type: UInt8, _ content: UnsafeBufferPointer<UInt8>
    ) throws(RecordError) -> OnRecord {
        switch type {
        case ContentType.data where messageCount == 0:
            try countEmpty()
            return .nothing
        case ContentType.alert where messageCount == 0: return unsafe try takeAlert(content)
        case ContentType.handshake:
            // Data alone may be empty (5.1).
            guard content.count > 0 else { throw .unexpectedMessage }
            for index in content.indices {
                // No message reaches over a change of keys (5.1).
                if unsafe try takeByte(content[index]), index < content.count - 1 {
                    throw .unexpectedMessage
                }
            }
            return .nothing
        default: throw .unexpectedType
        }
    }

    private mutating func countEmpty() throws(RecordError) {
        emptyInRow += 1
        guard emptyInRow < Self.mostEmpty else { throw .tooManyEmpty }
    }

    private mutating func takeAlert(_ content: UnsafeBufferPointer<UInt8>) throws(RecordError) -> OnRecord {
        guard content.count == 2 else { throw .malformed }
        switch unsafe content[1] {
        case 0: return .closed
        case 90:  // user_canceled: close_notify will follow (6.1).
            try countEmpty()
            return .nothing
        default: return unsafe .alert(content[1])
        }
    }

    /// The only message that a client may send now is KeyUpdate (4.6.3). True when it is complete.
    private mutating func takeByte(_ byte: UInt8) throws(RecordError) -> Bool {
        message[messageCount] = byte
        messageCount += 1
        switch messageCount {
        case 1: guard byte == 24 else { throw .unexpectedMessage }
        case 4: guard message[1] == 0, message[2] == 0, byte == 1 else { throw .malformed }
        case 5:
            guard byte <= 1 else { throw .illegalParameter }
            updatesInRow += 1
            guard updatesInRow < Self.mostEmpty else { throw .tooManyKeyUpdates }
            messageCount = 0
            if byte == 1 { wantsKeyUpdate = true }
            guard keys.update() else { throw .internalFailure }
            return true
        default: break
        }
        return false
    }
}
