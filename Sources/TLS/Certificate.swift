internal import ASCII
internal import COpenSSL

/// A certificate with its chain and private key, parsed and checked against each other.
@safe package final class Certificate: Sendable {
    // Immutable once made; OpenSSL's reference counts are atomic.
    nonisolated(unsafe) let leaf: OpaquePointer
    nonisolated(unsafe) let chain: [OpaquePointer]
    nonisolated(unsafe) let key: OpaquePointer
    /// What its names of the form `*.example.com` end in, in lower case: `.example.com`.
    private let wildcards: Set<[UInt8]>
    /// An OCSP response that goes with it in each handshake that asks for one.
    package let staple: [UInt8]

    /// Parses PEM text: the leaf first, then its chain; the key unencrypted.
    ///
    /// - Parameter staple: an OCSP response in DER form, checked already; empty = none.
    package init(certificatePEM: [UInt8], keyPEM: [UInt8], staple: [UInt8] = []) throws(TLSError) {
        self.staple = staple
        let certificates = unsafe try Certificate.readCertificates(certificatePEM)
        let key: OpaquePointer
        do throws(TLSError) {
            unsafe key = try Certificate.readKey(keyPEM)
        } catch {
            unsafe certificates.forEach { unsafe X509_free($0) }
            throw .key(error.description)
        }
        unsafe leaf = certificates[0]
        wildcards = unsafe Certificate.wildcards(of: certificates[0])
        unsafe chain = Array(certificates.dropFirst())
        unsafe self.key = key
        guard keyFits else {
            throw .key("the key does not belong to the certificate")
        }
    }

    /// Takes both over.
    @unsafe init(leaf: OpaquePointer, key: OpaquePointer) {
        unsafe self.leaf = leaf
        wildcards = unsafe Certificate.wildcards(of: leaf)
        unsafe chain = []
        staple = []
        unsafe self.key = key
    }

    /// The same with another OCSP response.
    package init(_ other: Certificate, staple: [UInt8]) {
        self.staple = staple
        wildcards = other.wildcards
        unsafe leaf = other.leaf
        unsafe chain = other.chain
        unsafe key = other.key
        unsafe X509_up_ref(leaf)
        unsafe chain.forEach { unsafe _ = X509_up_ref($0) }
        unsafe EVP_PKEY_up_ref(key)
    }

    deinit {
        unsafe X509_free(leaf)
        unsafe chain.forEach { unsafe X509_free($0) }
        unsafe EVP_PKEY_free(key)
    }

    /// Whether the certificate names this host, wildcards included (RFC 6125). A label that a wildcard stands for may have
    /// an underscore, which OpenSSL would not let it have: such names are in use, and routes match them.
    package func matches(_ host: String) -> Bool {
        let label = host.utf8.prefix { $0 != .dot }
        // With a dot in front it would be a pattern to OpenSSL.
        guard !label.isEmpty else { return false }
        if unsafe X509_check_host(leaf, host, host.utf8.count, 0, nil) == 1 { return true }
        guard label.contains(.underscore), label.allSatisfy(isLabelByte) else { return false }
        return wildcards.contains(Array(host.utf8.dropFirst(label.count)))
    }

    /// Whether the private key belongs to it.
    package var keyFits: Bool {
        defer { ERR_clear_error() }
        return unsafe X509_check_private_key(leaf, key) == 1
    }

    /// As RFC 2253 writes it.
    package var subject: String { unsafe Self.text { unsafe trunkline_subject(leaf, $0, $1) } }
    /// Who signed it, in the same spelling.
    package var issuer: String { unsafe Self.text { unsafe trunkline_issuer(leaf, $0, $1) } }
    /// The first host that it is for; its subject where it names none.
    package var name: String {
        let first = unsafe Self.text { unsafe trunkline_first_host(leaf, $0, $1) }
        return first.isEmpty ? subject : first
    }

    @unsafe private static func text(_ write: (UnsafeMutablePointer<CChar>?, Int32) -> Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 2048)
        let count = unsafe buffer.withUnsafeMutableBufferPointer { unsafe write($0.baseAddress, 2048) }
        return String(
            decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// From now to the end of its validity; negative when that has passed.
    package var untilExpiry: Duration {
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let end = unsafe X509_get0_notAfter(leaf) else { return .zero }
        unsafe ASN1_TIME_diff(&days, &seconds, nil, end)
        return .seconds(Int(days) * 86_400 + Int(seconds))
    }

    /// The certificate in PEM form, as a client that is to trust it needs it.
    package var pem: String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        guard unsafe PEM_write_bio_X509(bio, leaf) == 1 else { return "" }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe BIO_read(bio, &bytes, Int32(bytes.count))
        return String(decoding: bytes.prefix(max(0, Int(count))), as: UTF8.self)
    }

    @unsafe private static func wildcards(of leaf: OpaquePointer) -> Set<[UInt8]> {
        var found: Set<[UInt8]> = []
        var name = [CChar](repeating: 0, count: 256)
        for number in 0..<10_000 {
            let length = unsafe trunkline_dns_name(leaf, Int32(number), &name, Int32(name.count))
            guard length >= 0 else { break }
            let bytes = name.prefix(Int(length)).map { UInt8(bitPattern: $0).lowercased }
            if bytes.starts(with: [UInt8.star, .dot]) { found.insert(Array(bytes.dropFirst())) }
        }
        return found
    }

    /// Every certificate of a PEM text, one at least; the list must be freed by whoever takes it.
    @unsafe static func readCertificates(_ pem: [UInt8]) throws(TLSError) -> [OpaquePointer] {
        var list: [OpaquePointer] = unsafe []
        do throws(TLSError) {
            for block in try PEMText(pem).blocks where block.label.hasSuffix("CERTIFICATE") {
                let number = unsafe list.count + 1
                unsafe list.append(
                    try read(Array(pem[block.bytes]), "certificate \(number) in line \(block.line)"))
            }
        } catch {
            unsafe list.forEach { unsafe X509_free($0) }
            throw error
        }
        guard unsafe !list.isEmpty else { throw .setup("no certificate in PEM form found") }
        return unsafe list
    }

    @unsafe private static func read(_ block: [UInt8], _ name: String) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let certificate = unsafe trunkline_read_certificate(block, Int32(clamping: block.count)) else {
            throw .setupFromQueue("\(name) can't be read")
        }
        return unsafe certificate
    }

    @unsafe private static func readKey(_ pem: [UInt8]) throws(TLSError) -> OpaquePointer {
        guard let block = try PEMText(pem).blocks.first(where: { $0.label.hasSuffix("PRIVATE KEY") }) else {
            throw .setup("no private key in PEM form found")
        }
        ERR_clear_error()
        let bytes = Array(pem[block.bytes])
        guard let key = unsafe trunkline_read_key(bytes, Int32(clamping: bytes.count)) else {
            throw .setupFromQueue("the private key in line \(block.line) can't be read")
        }
        return unsafe key
    }
}

private func isLabelByte(_ byte: UInt8) -> Bool {
    switch byte.lowercased {
    case .lowerA ... .lowerZ, .zero ... .nine, .hyphen, .underscore: true
    default: false
    }
}
