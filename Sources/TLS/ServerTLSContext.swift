internal import ASCII
internal import COpenSSL

/// The lowest version that is spoken.
package enum TLSVersion: Sendable, Equatable {
    case tls12
    case tls13

    var number: Int32 {
        switch self {
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}

/// Everything that TLS contexts share, on either side.
enum ContextBasics {
    /// Forward secrecy and AEAD only; TLS 1.3 suites keep OpenSSL's order.
    private static let cipherList = "ECDHE+AESGCM:ECDHE+CHACHA20"
    private static let groups = "X25519:P-256:P-384"

    /// Has peers' certificates checked against authorities in PEM form, one at least; `each` gets every one.
    @unsafe static func trust(
        _ pem: [UInt8], in context: OpaquePointer, each: (OpaquePointer) -> Void = { _ in }
    ) throws(TLSError) {
        let store = unsafe SSL_CTX_get_cert_store(context)
        let certificates = unsafe try Certificate.readCertificates(pem)
        for index in unsafe certificates.indices {
            let certificate = unsafe certificates[index]
            unsafe X509_STORE_add_cert(store, certificate)
            unsafe each(certificate)
            unsafe X509_free(certificate)
        }
    }

    @unsafe static func apply(_ context: OpaquePointer, minimum: TLSVersion) throws(TLSError) {
        unsafe trunkline_ctx_set_safe_options(context)
        // Buffers are given back between records: an idle session holds none.
        let modes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        unsafe trunkline_ctx_set_mode(context, Int(modes))
        unsafe trunkline_ctx_disable_cache(context)
        guard unsafe trunkline_ctx_set_minimum(context, minimum.number) == 1,
            unsafe SSL_CTX_set_cipher_list(context, cipherList) == 1,
            unsafe trunkline_ctx_set_groups(context, groups) == 1
        else { throw .setupFromQueue("cannot set TLS parameters") }
    }
}

/// What a TLS listener offers: certificates chosen by SNI, versions, ALPN. Immutable, shared by all workers.
@safe package final class ServerTLSContext: Sendable {
    // SSL_CTX is reference-counted and safe to share between threads once it is set up.
    private nonisolated(unsafe) let contexts: [OpaquePointer]
    /// In the order of the configuration.
    package let certificates: [Certificate]
    // Contexts hold it unretained.
    private let tickets: TicketKeys?
    private let challenges: ALPNChallenges?
    private let protocolsOnWire: [UInt8]
    /// Clients are asked for certificates.
    package let asksForCertificates: Bool
    private let hostName: @Sendable (String) -> String

    var defaultContext: OpaquePointer { unsafe contexts[0] }

    /// - Parameters:
    ///   - certificates: at least one; the first is the default for names that no other one covers.
    ///   - clients: whose certificates are asked for; nil = none are.
    ///   - hostName: how a host is written for comparisons; the same for SNI as for routes, so that both find the same.
    ///   - tellsSecrets: sessions tell their secrets to `TLSWire.onSecret`, which takes a tenth of a handshake's time.
    ///   - tickets: nil = keys that only this context has.
    ///   - challenges: what authorities are shown that want to see whose a name is.
    ///   - protocols: for ALPN, in our order of preference, e.g. `["http/1.1"]`.
    package init(
        certificates: [Certificate], minimumVersion: TLSVersion = .tls12, protocols: [String] = ["http/1.1"],
        clients: ClientVerification? = nil, tickets: TicketKeys? = nil, challenges: ALPNChallenges? = nil,
        tellsSecrets: Bool = false, hostName: @escaping @Sendable (String) -> String = { $0 }
    ) throws(TLSError) {
        guard !certificates.isEmpty else { throw .setup("a TLS listener needs a certificate") }
        self.certificates = certificates
        self.tickets = tickets
        self.challenges = challenges
        asksForCertificates = clients != nil
        self.hostName = hostName
        protocolsOnWire = protocols.flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
        var made: [OpaquePointer] = unsafe []
        for certificate in certificates {
            unsafe made.append(try ServerTLSContext.makeContext(certificate, minimumVersion))
        }
        unsafe contexts = made
        // The callbacks get this object unretained; sessions keep it alive as long as they may call back.
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        for index in certificates.indices {
            let context = unsafe contexts[index]
            unsafe SSL_CTX_set_alpn_select_cb(context, selectProtocol, me)
            unsafe certificates[index].attachStaple(to: context)
            unsafe tickets?.attach(to: context)
            unsafe challenges?.attach(to: context)
            unsafe try clients?.apply(to: context)
            unsafe trunkline_ctx_on_server_name(context, selectCertificate, me)
            if tellsSecrets { unsafe trunkline_ctx_on_secret(context, tellSecret) }
        }
    }

    deinit { unsafe contexts.forEach { unsafe SSL_CTX_free($0) } }

    @unsafe private static func makeContext(
        _ certificate: Certificate, _ minimum: TLSVersion
    ) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let context = unsafe trunkline_ctx_new_server(KeySchedule.loaded == nil ? 0 : 1) else {
            throw .setupFromQueue("SSL_CTX_new")
        }
        do throws(TLSError) {
            unsafe try ContextBasics.apply(context, minimum: minimum)
        } catch {
            unsafe SSL_CTX_free(context)
            throw error
        }
        // A client on a phone has no AES in hardware: let it have ChaCha20 when it prefers that.
        unsafe trunkline_ctx_prefer_client_chacha(context)
        // The handshake brings none in TLS 1.3: a session sends one with its first data.
        unsafe SSL_CTX_set_num_tickets(context, 0)
        unsafe SSL_CTX_set_session_id_context(context, [UInt8(ascii: "t"), UInt8(ascii: "l")], 2)
        guard unsafe SSL_CTX_use_certificate(context, certificate.leaf) == 1,
            unsafe SSL_CTX_use_PrivateKey(context, certificate.key) == 1
        else {
            unsafe SSL_CTX_free(context)
            throw .setupFromQueue("cannot use the certificate")
        }
        for index in unsafe certificate.chain.indices {
            let link = unsafe certificate.chain[index]
            unsafe X509_up_ref(link)
            unsafe trunkline_add_chain_certificate(context, link)
        }
        return unsafe context
    }

    fileprivate func context(for host: String) -> OpaquePointer? {
        let name = hostName(host)
        guard let index = certificates.firstIndex(where: { $0.matches(name) }) else { return nil }
        return unsafe contexts[index]
    }

    fileprivate func choose(
        _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ outCount: UnsafeMutablePointer<UInt8>?,
        _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32
    ) -> Int32 {
        // SSL_select_next_proto points into one of the two lists, both of which outlive the handshake step.
        unsafe protocolsOnWire.withUnsafeBufferPointer { ours in
            var chosen: UnsafeMutablePointer<UInt8>?
            let result = unsafe SSL_select_next_proto(
                &chosen, outCount, ours.baseAddress, UInt32(ours.count), offered, offeredCount)
            guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
            unsafe out?.pointee = UnsafePointer(chosen)
            return SSL_TLSEXT_ERR_OK
        }
    }
}

/// ALPN (RFC 7301): a client that offers only what we don't speak is told so by an alert.
private let selectProtocol:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
        UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, out, outCount, offered, offeredCount, argument in
        guard let argument = unsafe argument else { return SSL_TLSEXT_ERR_NOACK }
        let context = unsafe Unmanaged<ServerTLSContext>.fromOpaque(argument).takeUnretainedValue()
        return unsafe context.choose(out, outCount, offered, offeredCount)
    }

/// SNI (RFC 6066, 3): the first certificate that covers the name, else the default.
private let selectCertificate:
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 = {
        ssl, _, argument in
        guard let ssl = unsafe ssl, let argument = unsafe argument,
            let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
        else { return SSL_TLSEXT_ERR_OK }
        let server = unsafe Unmanaged<ServerTLSContext>.fromOpaque(argument).takeUnretainedValue()
        // A challenge is answered by a certificate of its own, which has been chosen already.
        guard unsafe SSL_get_SSL_CTX(ssl) == server.defaultContext else { return SSL_TLSEXT_ERR_OK }
        if let context = unsafe server.context(for: String(cString: name)) {
            unsafe SSL_set_SSL_CTX(ssl, context)
        }
        return SSL_TLSEXT_ERR_OK
    }
