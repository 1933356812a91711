internal import Access
internal import Configuration

/// The files that a route's access rules go by.
struct AccessFiles: Sendable {
    var passwords: WatchedFile<PasswordFile>?
    var keys: WatchedFile<KeySet>?

    var watched: [any WatchedFileLook] {
        [passwords as (any WatchedFileLook)?, keys as (any WatchedFileLook)?].compactMap(\.self)
    }
}

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

extension RoutePassage {
    /// nil where the route lets everybody in and changes nothing.
    convenience init?(_ route: RouteConfiguration, _ files: AccessFiles, state: ProcessState) {
        let access = route.access.map { RouteAccess($0, realm: route.name, files, state: state) }
        guard
            access != nil || route.tokenSources != nil || !route.requestFields.isEmpty
                || !route.responseFields.isEmpty
        else { return nil }
        self.init(
            access: access, sources: route.tokenSources, request: route.requestFields,
            response: route.responseFields)
    }
}

extension RouteAccess {
    convenience init(
        _ access: AccessConfiguration, realm: String, _ files: AccessFiles, state: ProcessState
    ) {
        self.init(
            realm: realm, addresses: access.addresses, passwords: files.passwords,
            tokens: access.tokens.flatMap { TokenPolicy($0, files, state: state) },
            authority: access.forward.map(AuthorityPolicy.init))
    }
}

extension TokenPolicy {
    init?(_ tokens: TokenConfiguration, _ files: AccessFiles, state: ProcessState) {
        switch tokens.keys {
        case .file:
            guard let file = files.keys else { return nil }
            keys = .file(file)
        case .upstream(let source):
            keys = .fetched(
                state.keys(
                    from: source.name, path: source.path,
                    .init(refresh: source.refresh, staleFor: source.staleFor)))
        case nil: return nil
        }
        rules = tokens.rules
        pass = tokens.pass.map { ($0.field, $0.claim) }
        allowsAnonymous = tokens.allowsAnonymous
        expiry =
            tokens.onExpiry == .ignore
            ? nil
            : ExpiryPolicy(
                code: tokens.expiryCode, warning: tokens.expiryWarning,
                warningText: tokens.expiryText, renewalPrefix: tokens.renewalPrefix)
    }
}

extension AuthorityPolicy {
    init(_ forward: ForwardConfiguration) {
        self.init(
            upstream: forward.upstream, path: forward.path, method: forward.method, pass: forward.pass,
            timeout: forward.timeout, cache: forward.cache, recheck: forward.recheck,
            onFailure: forward.allowsOnFailure ? .allow : .refuse, failures: forward.failures,
            code: forward.revokedCode)
    }
}
