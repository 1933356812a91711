internal import Access
internal import Configuration
internal import HTTPProtocol

/// The files that a route's access rules go by.
struct AccessFiles: Sendable {
    var passwords: WatchedFile<PasswordFile>?
    var keys: WatchedFile<KeySet>?

    var watched: [any WatchedFileLook] {
        [passwords as (any WatchedFileLook)?, keys as (any WatchedFileLook)?].compactMap(\.self)
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
