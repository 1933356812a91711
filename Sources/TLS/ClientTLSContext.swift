internal import COpenSSL

/// How backends are spoken to over TLS: whom to trust and what name to ask for. Immutable, shared by all workers.
@safe package final class ClientTLSContext: Sendable {
    // SSL_CTX is safe to share between threads once it is set up.
    nonisolated(unsafe) let context: OpaquePointer
    private let serverName: String
    private let isAddress: Bool
    private let verifies: Bool
    private let authorityPEM: [UInt8]?
    private let protocols: [String]

    /// - Parameters:
    ///   - serverName: the name (or address) that the certificate must carry; a name is sent as SNI.
    ///   - authorityPEM: certificates to trust; nil = those of the system.
    ///   - verifies: false accepts any certificate: the connection is then secret from onlookers only.
    package init(
        serverName: String, authorityPEM: [UInt8]?, verifies: Bool = true, protocols: [String] = ["http/1.1"]
    ) throws(TLSError) {
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw .setupFromQueue("SSL_CTX_new")
        }
        unsafe self.context = context
        self.serverName = serverName
        self.verifies = verifies
        self.authorityPEM = authorityPEM
        self.protocols = protocols
        isAddress = serverName.contains(":") || serverName.allSatisfy { $0.isNumber || $0 == "." }
        unsafe try ContextBasics.apply(context, minimum: .tls12)
        unsafe SSL_CTX_set_verify(context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        let wire = protocols.flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
        unsafe SSL_CTX_set_alpn_protos(context, wire, UInt32(wire.count))
        if let authorityPEM {
            unsafe try ContextBasics.trust(authorityPEM, in: context)
        } else {
            unsafe SSL_CTX_set_default_verify_paths(context)
        }
    }

    deinit { unsafe SSL_CTX_free(context) }

    /// Whether both were made of the same: what was verified by one would be by the other.
    package func isSame(as other: ClientTLSContext) -> Bool {
        serverName == other.serverName && verifies == other.verifies && authorityPEM == other.authorityPEM
            && protocols == other.protocols
    }

    /// Sets SNI and the name to be checked (RFC 6125).
    @unsafe func prepare(_ ssl: OpaquePointer) throws(TLSError) {
        let parameters = unsafe SSL_get0_param(ssl)
        if isAddress {
            guard unsafe !verifies || X509_VERIFY_PARAM_set1_ip_asc(parameters, serverName) == 1 else {
                throw .setupFromQueue("cannot check for the address '\(serverName)'")
            }
        } else {
            unsafe trunkline_set_server_name(ssl, serverName)
            guard unsafe !verifies || X509_VERIFY_PARAM_set1_host(parameters, serverName, 0) == 1 else {
                throw .setupFromQueue("cannot check for the name '\(serverName)'")
            }
        }
    }
}
