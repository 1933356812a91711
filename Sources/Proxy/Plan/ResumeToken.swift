internal import ASCII

/// What a client shows to come back to its session: where that is, and a secret that nobody can guess. Good for one time.
struct ResumeToken: Equatable, Sendable {
    private static let size = 32

    let session: SessionID
    private let secret: [UInt8]

    /// A new one.
    init(_ session: SessionID, using random: inout some RandomNumberGenerator) {
        self.session = session
        secret = (0..<Self.size).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// nil where it is no such token.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let session = SessionID(parts[0]) else { return nil }
        let digits = Array(parts[1].utf8)
        guard digits.count == 2 * Self.size else { return nil }
        var secret: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index].hexValue, let low = digits[index + 1].hexValue else { return nil }
            secret.append(high << 4 | low)
        }
        self.session = session
        self.secret = secret
    }

    /// For the client.
    var text: String {
        let hex = secret.flatMap { [UInt8(hexDigit: $0 >> 4), UInt8(hexDigit: $0)] }
        return "\(session).\(String(decoding: hex, as: UTF8.self))"
    }

    /// Whether it is the same, in a time that does not tell how much of it is.
    static func == (one: Self, other: Self) -> Bool {
        var difference: UInt8 = one.secret.count == other.secret.count ? 0 : 1
        for (left, right) in zip(one.secret, other.secret) { difference |= left ^ right }
        return difference == 0 && one.session == other.session
    }
}
