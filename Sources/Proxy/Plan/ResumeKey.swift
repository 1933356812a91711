internal import Access

/// What the tokens of clients that come back are made with: the same in a process and in those that take its place, so that
/// nothing is done for a token that none of them has given.
struct ResumeKey: Equatable, Sendable {
    /// Bytes.
    static let size = 32

    /// Secret.
    let bytes: [UInt8]

    /// A new one.
    init(using random: inout some RandomNumberGenerator) {
        bytes = (0..<Self.size).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// One of another process; nil where it has not the size of one.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    /// Of what a token says (RFC 2104), cut to 16 bytes.
    func seal(_ content: [UInt8]) -> [UInt8] {
        Array(VerificationKey.hmac("SHA256", key: bytes, content).prefix(ResumeToken.sealSize))
    }
}
