internal import Access
internal import Configuration
internal import EventLoop
internal import HTTPProtocol

// The files of access rules.
extension ConfiguredFiles {
    /// Reads what a route's access rules name; what is wrong with it is complained of.
    mutating func access(_ route: RouteConfiguration) -> AccessFiles {
        var files = AccessFiles()
        if let users = route.access?.basic?.users {
            files.passwords = watch(users) { bytes throws(WatchedFileError) in
                do throws(PasswordFileError) {
                    return try PasswordFile(bytes)
                } catch {
                    throw WatchedFileError(
                        reason: "line \(error.line) is no 'name:hash' with a hash by bcrypt or SHA-crypt,"
                            + " or its name stands twice")
                }
            }
        }
        if let tokens = route.access?.tokens, case .file(let file)? = tokens.keys {
            let algorithms = tokens.rules.algorithms
            files.keys = watch(file) { bytes throws(WatchedFileError) in
                try Self.keys(bytes, for: algorithms)
            }
        }
        return files
    }

    private mutating func watch<Value: Sendable>(
        _ named: Located<String>,
        _ read: @escaping @Sendable ([UInt8]) throws(WatchedFileError) -> Value
    ) -> WatchedFile<Value>? {
        do throws(WatchedFileError) {
            return try WatchedFile(path(named.value), read)
        } catch {
            complain(named.place, "'\(named.value)' \(error.reason)")
            return nil
        }
    }

    /// Keys that none of the algorithms could use are a mistake in one or the other.
    private static func keys(
        _ bytes: [UInt8], for algorithms: [SignatureAlgorithm]
    ) throws(WatchedFileError) -> KeySet {
        let keys: KeySet
        do throws(KeySetError) {
            keys = try KeySet(bytes)
        } catch {
            throw WatchedFileError(reason: error.reason)
        }
        guard algorithms.contains(where: { !keys.candidates(id: nil, for: $0).isEmpty }) else {
            throw WatchedFileError(reason: "has no key for any of 'algorithms'")
        }
        return keys
    }
}
