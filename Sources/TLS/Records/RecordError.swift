/// What is wrong with a record or with a message after the handshake. Each ends the connection with the alert that
/// RFC 8446 names for it (section 6.2).
package enum RecordError: Error, Equatable {
    /// The tag does not fit: somebody changed the record, or its key is another (5.2).
    case badTag
    /// More than 2^14 bytes of plaintext, or 256 more of ciphertext (5.1, 5.2).
    case tooLong
    /// A type that may not come now, or padding without a type (5, 5.4).
    case unexpectedType
    /// A message that may not come from a client after its handshake (4.6).
    case unexpectedMessage
    /// A message that cannot be read.
    case malformed
    /// A value that the message may not have (4.6.3).
    case illegalParameter
    /// Too many records in a row that carry nothing.
    case tooManyEmpty
    /// Too many changes of keys with no data between them.
    case tooManyKeyUpdates
    /// OpenSSL could not do its part.
    case internalFailure

    /// The number of the alert (RFC 8446, 6).
    package var alert: UInt8 {
        switch self {
        case .badTag: 20
        case .tooLong: 22
        case .unexpectedType, .unexpectedMessage, .tooManyEmpty, .tooManyKeyUpdates: 10
        case .malformed: 50
        case .illegalParameter: 47
        case .internalFailure: 80
        }
    }

    /// For the log.
    var reason: String {
        switch self {
        case .badTag: "a record was changed on its way"
        case .tooLong: "record too long"
        case .unexpectedType: "record of an unexpected type"
        case .unexpectedMessage: "unexpected message after the handshake"
        case .malformed: "malformed message after the handshake"
        case .illegalParameter: "illegal value in a message after the handshake"
        case .tooManyEmpty: "too many empty records"
        case .tooManyKeyUpdates: "too many key updates"
        case .internalFailure: "record could not be sealed or opened"
        }
    }
}
