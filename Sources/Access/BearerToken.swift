package import HTTPProtocol

/// The token of `Authorization: Bearer` (RFC 6750, 2.1).
package enum BearerToken {
    /// nil where there is none, or where another scheme is used.
    package static func of(_ fields: HeaderFields) throws(TokenRefusal) -> String? {
        let values = fields.all("authorization")
        guard values.count < 2 else { throw .ambiguous }
        guard let value = values.first else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard let scheme = parts.first, equalsIgnoringCase(String(scheme), "bearer") else { return nil }
        guard parts.count == 2 else { throw .malformed }
        return String(parts[1].drop { $0 == " " })
    }
}
