internal import ASCII
internal import COpenSSL
internal import Synchronization

/// The proofs of TLS-ALPN-01 that stand now, for every TLS listener of the process (RFC 8737).
///
/// An authority asks for them by a ClientHello that offers `acme-tls/1` and nothing else. It is answered within that
/// handshake; all others take no notice.
@safe package final class ALPNChallenges: Sendable {
    /// The protocol's name.
    package static let protocolName = "acme-tls/1"

    // SSL_CTX is reference-counted and safe to share between threads once it is set up.
    @safe private final class Answer: Sendable {
        nonisolated(unsafe) let context: OpaquePointer
        private let certificate: Certificate

        init(_ certificate: Certificate) throws(TLSError) {
            guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
                throw .setupFromQueue("SSL_CTX_new")
            }
            unsafe self.context = context
            self.certificate = certificate
            unsafe trunkline_ctx_answer_challenge(context)
            unsafe trunkline_ctx_set_safe_options(context)
            unsafe SSL_CTX_set_num_tickets(context, 0)
            guard unsafe trunkline_ctx_set_minimum(context, TLS1_2_VERSION) == 1,
                unsafe SSL_CTX_use_certificate(context, certificate.leaf) == 1,
                unsafe SSL_CTX_use_PrivateKey(context, certificate.key) == 1
            else { throw .setupFromQueue("cannot use the certificate") }
        }

        deinit { unsafe SSL_CTX_free(context) }
    }

    private let answers = Mutex<[String: Answer]>([:])
    private let count = Atomic<Int>(0)

    /// None stand.
    package init() {}

    /// Shows a proof for a name, in lower case.
    package func present(_ name: String, _ certificate: Certificate) throws(TLSError) {
        let answer = try Answer(certificate)
        answers.withLock { $0[name] = answer }
        count.store(answers.withLock { $0.count }, ordering: .releasing)
    }

    /// Takes proofs back, but for these names.
    package func keep(only names: Set<String>) {
        let left = answers.withLock { answers in
            answers = answers.filter { names.contains($0.key) }
            return answers.count
        }
        count.store(left, ordering: .releasing)
    }

    /// Has a listener's contexts answer. They hold it unretained: their owner keeps it.
    @unsafe func attach(to context: OpaquePointer) {
        unsafe trunkline_ctx_on_hello(context, lookAtHello, Unmanaged.passUnretained(self).toOpaque())
    }

    fileprivate func answer(_ ssl: OpaquePointer) {
        guard count.load(ordering: .acquiring) > 0, unsafe trunkline_hello_is_challenge(ssl) == 1 else {
            return
        }
        var name = [CChar](repeating: 0, count: 255)
        let length = unsafe trunkline_hello_name(ssl, &name, 255)
        guard length > 0 else { return }
        let bytes = name.prefix(Int(length)).map { UInt8(bitPattern: $0) }
        let host = String(decoding: bytes.map { $0.lowercased }, as: UTF8.self)
        guard let answer = answers.withLock({ $0[host] }) else { return }
        unsafe SSL_set_SSL_CTX(ssl, answer.context)
        // Its tickets would be sealed by keys that only listeners' contexts have; nobody comes back with one.
        unsafe SSL_set_num_tickets(ssl, 0)
        unsafe SSL_set_options(ssl, trunkline_no_ticket())
    }
}

/// Sees the ClientHello before a certificate is chosen.
private let lookAtHello:
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 = {
        ssl, _, argument in
        if let ssl = unsafe ssl, let argument = unsafe argument {
            unsafe Unmanaged<ALPNChallenges>.fromOpaque(argument).takeUnretainedValue().answer(ssl)
        }
        return SSL_CLIENT_HELLO_SUCCESS
    }
