internal import Configuration

/// The name of a session by which all of its backends know it: 32 hexadecimal digits.
struct ContinuityName: Equatable, Sendable, CustomStringConvertible {
    private static let length = 32

    private let high: UInt64
    private let low: UInt64

    init(using random: inout some RandomNumberGenerator) {
        high = random.next()
        low = random.next()
    }

    /// As operators write it.
    init?(_ text: String) {
        guard text.utf8.count == Self.length, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        (self.high, self.low) = (high, low)
        guard description == text else { return nil }
    }

    var description: String { Self.digits(high) + Self.digits(low) }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// The rules of one upstream, which all of its sessions share.
final class ContinuityRules: Sendable {
    let values: ContinuityConfiguration
    init(_ values: ContinuityConfiguration) { self.values = values }
}

/// What a session that outlives its backend is known by, and the rules that it goes by.
struct ContinuityTerms {
    /// Tells backends which session it is.
    static let sessionField = "Trunkline-Session"
    /// Tells them that it has been another's.
    static let resumeField = "Trunkline-Resume"

    let name: ContinuityName
    let shared: ContinuityRules

    var rules: ContinuityConfiguration { shared.values }
    /// How long one backend's answer is waited for, where another could be asked: the client is to get one within the time
    /// that there is. nil = as long as any client waits.
    var answerPatience: Duration? { rules.within > .zero ? rules.within / 3 : nil }
}
