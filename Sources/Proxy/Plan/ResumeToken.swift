internal import ASCII

/// What a client shows to come back to its session: which process has it, where it is there, a secret that nobody can guess,
/// and a seal that shows that it was given by us before anything is looked for. Good for one time: until
/// the client is known to have the next one.
struct ResumeToken: Equatable, Sendable {
    private static let secretSize = 32
    static let sealSize = 16
    private static let size = 8 + secretSize + sealSize

    let session: SessionID
    /// The process that gave it.
    let process: UInt64
    private let secret: [UInt8]
    private let seal: [UInt8]

    /// A new one.
    init(
        _ session: SessionID, of process: UInt64, _ key: ResumeKey,
        using random: inout some RandomNumberGenerator
    ) {
        self.session = session
        self.process = process
        secret = (0..<Self.secretSize).map { _ in UInt8.random(in: 0...255, using: &random) }
        seal = key.seal(Self.content(session, process, secret))
    }

    /// nil where it is no such token.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let session = SessionID(parts[0]) else { return nil }
        let digits = Array(parts[1].utf8)
        guard digits.count == 2 * Self.size else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index].hexValue, let low = digits[index + 1].hexValue else { return nil }
            bytes.append(high << 4 | low)
        }
        self.session = session
        process = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        secret = Array(bytes[8..<8 + Self.secretSize])
        seal = Array(bytes[(8 + Self.secretSize)...])
    }

    /// For the client.
    var text: String {
        let hex = (Self.octets(process) + secret + seal).flatMap {
            [UInt8(hexDigit: $0 >> 4), UInt8(hexDigit: $0)]
        }
        return "\(session).\(String(decoding: hex, as: UTF8.self))"
    }

    /// Whether it was made with this key.
    func isSealed(with key: ResumeKey) -> Bool {
        Self.isSame(seal, key.seal(Self.content(session, process, secret)))
    }

    static func == (one: Self, other: Self) -> Bool {
        isSame(one.secret + one.seal, other.secret + other.seal)
            && one.session == other.session && one.process == other.process
    }

    /// In a time that does not tell how much of it is the same.
    private static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        var difference: UInt8 = one.count == other.count ? 0 : 1
        for (left, right) in zip(one, other) { difference |= left ^ right }
        return difference == 0
    }

    private static func content(_ session: SessionID, _ process: UInt64, _ secret: [UInt8]) -> [UInt8] {
        Array("\(session).".utf8) + octets(process) + secret
    }

    private static func octets(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
    }
}
