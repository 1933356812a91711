internal import ASCII
internal import CAccess

/// A password's hash as crypt(5) has it: bcrypt (`$2b$`, `$2y$`, `$2a$`) or SHA-crypt (`$5$`, `$6$`), yescrypt too.
///
/// Unsafe code is here because libcrypt is a C library; text is lent for one call.
package struct PasswordHash: Equatable, Sendable {
    private static let prefixes = ["$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$"]
    /// Higher costs take minutes of a thread for each attempt of a stranger.
    private static let mostRounds = 16
    /// The same of SHA-crypt, whose default is 5000.
    private static let mostSHARounds = 2_000_000

    private let text: String

    /// nil for what is no such hash: the old ones (DES, MD5, SHA-1 without salt) are none that would keep a password.
    package init?(_ text: String) {
        guard Self.prefixes.contains(where: { text.hasPrefix($0) }), (20...256).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 > .space && $0 < .delete })
        else { return nil }
        if text.hasPrefix("$2") {
            guard text.utf8.count == 60, let cost = Int(text.dropFirst(4).prefix(2)),
                cost <= Self.mostRounds
            else { return nil }
        }
        if let rounds = text.dropFirst(3).split(separator: "$").first, rounds.hasPrefix("rounds=") {
            guard let count = Int(rounds.dropFirst("rounds=".count)), count <= Self.mostSHARounds else {
                return nil
            }
        }
        self.text = text
    }

    /// Whether the hash was made of this password. Takes from milliseconds to seconds: never on a loop.
    package func matches(_ password: String) -> Bool {
        guard !password.utf8.contains(0), password.utf8.count <= 512 else { return false }
        return unsafe trunkline_access_password(password, text) == 1
    }

    /// The hash itself, to be hashed again.
    var bytes: [UInt8] { Array(text.utf8) }
}
