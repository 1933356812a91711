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
            guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else {
                return nil
            }
            secret.append(high << 4 | low)
        }
        self.session = session
        self.secret = secret
    }

    /// For the client.
    var text: String {
        let digits = Array("0123456789abcdef".utf8)
        let hex = secret.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "\(session).\(String(decoding: hex, as: UTF8.self))"
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 97...102: digit - 87
        default: nil
        }
    }

    /// Whether it is the same, in a time that does not tell how much of it is.
    static func == (one: Self, other: Self) -> Bool {
        var difference: UInt8 = one.secret.count == other.secret.count ? 0 : 1
        for (left, right) in zip(one.secret, other.secret) { difference |= left ^ right }
        return difference == 0 && one.session == other.session
    }
}
