internal import ASCII

/// What a token says of its bearer, after it was believed (RFC 7519, 4).
package struct Claims: Equatable, Sendable {
    /// The last second of the year 9999: what is beyond it is no time.
    private static let mostSeconds = 253_402_300_799.0

    private let all: JSONValue
    /// `sub`.
    package let subject: String?
    /// `jti`.
    package let tokenID: String?
    /// `exp`, in seconds since 1970.
    package let expiry: Double?
    /// `nbf`, the same.
    let notBefore: Double?
    /// `iat`, the same.
    package let issuedAt: Double?

    /// Reads a payload: times must be numbers that mean one.
    package init(_ payload: [UInt8]) throws(TokenRefusal) {
        guard let all = try? JSONValue(payload), case .object = all else { throw .claims }
        self.all = all
        subject = try Self.text(all, "sub")
        tokenID = try Self.text(all, "jti")
        expiry = try Self.time(all, "exp")
        notBefore = try Self.time(all, "nbf")
        issuedAt = try Self.time(all, "iat")
    }

    private static func text(_ all: JSONValue, _ name: String) throws(TokenRefusal) -> String? {
        guard let value = all[name] else { return nil }
        guard let text = value.string else { throw .claims }
        return text
    }

    private static func time(_ all: JSONValue, _ name: String) throws(TokenRefusal) -> Double? {
        guard let value = all[name] else { return nil }
        guard case .number(let text) = value, let seconds = Double(text), (0...mostSeconds).contains(seconds)
        else { throw .claims }
        return seconds
    }

    /// A claim by its name, or by a path into objects with dots between the names.
    private func value(_ name: String) -> JSONValue? {
        if let direct = all[name] { return direct }
        let path = name.split(separator: ".")
        guard path.count > 1, path.count <= JSONReader.deepest else { return nil }
        return path.reduce(all as JSONValue?) { $0?[String($1)] }
    }

    /// A claim as text: lists with commas between their members; nil where there is none.
    package func text(_ name: String) -> String? {
        guard let value = value(name) else { return nil }
        if let text = value.scalar { return text }
        guard case .array(let items) = value else { return nil }
        let texts = items.compactMap(\.scalar)
        return texts.isEmpty ? nil : texts.joined(separator: ",")
    }

    /// A claim as the value of a field; nil too where a field does not hold it as it is, and two claims would be one to who
    /// reads it: with control bytes, blanks at an end, or a comma within a member of a list.
    package func fieldValue(_ name: String) -> String? {
        guard let text = text(name), isFieldText(text) else { return nil }
        guard case .array(let items) = value(name) else { return text }
        let isClear = items.allSatisfy { item in
            item.scalar.map { !$0.utf8.contains(.comma) && isFieldText($0) } ?? true
        }
        return isClear ? text : nil
    }

    /// Whether a claim is one of these values, or has one of them in it: in a list, or as a word of a scope.
    package func has(_ name: String, oneOf wanted: [String]) -> Bool {
        guard let value = value(name) else { return false }
        if case .array(let items) = value {
            return items.contains { item in item.scalar.map { isOne($0, of: wanted) } ?? false }
        }
        guard let text = value.scalar else { return false }
        if isOne(text, of: wanted) { return true }
        guard name == "scope" || name == "scp" else { return false }
        return text.split(separator: " ").contains { isOne(String($0), of: wanted) }
    }

    /// Whether `iss` is this one.
    func isIssued(by issuer: String) -> Bool { all["iss"]?.string.map { isSame($0, issuer) } ?? false }

    /// Whether `aud` is, or names, one of these (RFC 7519, 4.1.3).
    func isFor(oneOf audiences: [String]) -> Bool {
        switch all["aud"] {
        case .string(let one): isOne(one, of: audiences)
        case .array(let many): many.contains { $0.string.map { isOne($0, of: audiences) } ?? false }
        default: false
        }
    }
}

/// By bytes (RFC 7519, 7.3): to `==` texts are the same that look the same.
private func isSame(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

private func isFieldText(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= .space && $0 != .delete } && text.utf8.first != .space
        && text.utf8.last != .space
}

private func isOne(_ text: String, of wanted: [String]) -> Bool { wanted.contains { isSame($0, text) } }
