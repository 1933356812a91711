/// Users and their passwords' hashes: a file of lines `name:hash`, as htpasswd writes it.
package struct PasswordFile: Equatable, Sendable {
    /// By the bytes of their names, which is what the backend gets.
    private let users: [[UInt8]: PasswordHash]
    /// What is compared with for names that nobody has, so that the time of an answer doesn't tell who is there.
    private let decoy: PasswordHash?

    /// - Throws: the line that is none, from 1.
    package init(_ bytes: [UInt8]) throws(PasswordFileError) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw PasswordFileError(line: 1) }
        var users: [[UInt8]: PasswordHash] = [:]
        var first: PasswordHash?
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            if line.allSatisfy(\.isWhitespace) || line.hasPrefix("#") { continue }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let hash = PasswordHash(String(parts[1])),
                users.updateValue(hash, forKey: Array(parts[0].utf8)) == nil
            else { throw PasswordFileError(line: index + 1) }
            first = first ?? hash
        }
        self.users = users
        decoy = first
    }

    /// How many users there are.
    package var count: Int { users.count }

    /// What a user's password is to be compared with; nil where there are none at all.
    package func challenge(_ credentials: BasicCredentials) -> PasswordCheck? {
        let own = users[Array(credentials.user.utf8)]
        return (own ?? decoy).map { PasswordCheck(credentials, $0, isKnown: own != nil) }
    }
}

/// A line of a password file that is none.
package struct PasswordFileError: Error, Equatable, Sendable {
    /// From 1.
    package let line: Int

    /// A line.
    package init(line: Int) { self.line = line }
}

/// One password to be compared: slow, and so for a thread of its own.
package struct PasswordCheck: Sendable {
    private let credentials: BasicCredentials
    private let hash: PasswordHash
    private let isKnown: Bool

    init(_ credentials: BasicCredentials, _ hash: PasswordHash, isKnown: Bool) {
        self.credentials = credentials
        self.hash = hash
        self.isKnown = isKnown
    }

    /// Whether it is the user's.
    package func run() -> Bool { hash.matches(credentials.password) && isKnown }

    /// Names this very question without telling the password: a keyed hash.
    ///
    /// - Parameter key: random, of this process.
    package func digest(key: [UInt8]) -> [UInt8] {
        let user = Array(credentials.user.utf8)
        let length = lengthPrefix(user.count)
        let question = [isKnown ? 1 : 0] + length + user + hash.bytes + [0]
        return VerificationKey.hmac("SHA256", key: key, question + Array(credentials.password.utf8))
    }

    private func lengthPrefix(_ count: Int) -> [UInt8] { Array(String(count).utf8) + [0] }
}
