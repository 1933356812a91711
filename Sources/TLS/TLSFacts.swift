internal import COpenSSL

/// What the two sides agreed on.
package struct TLSFacts: Equatable, Sendable {
    /// `TLSv1.3`.
    package let version: String
    /// The server name that the client asked for.
    package let serverName: String?
    /// The protocol chosen by ALPN.
    package let applicationProtocol: String?
    /// Whether an earlier session was resumed.
    package let isResumed: Bool
}

extension TLSFacts {
    /// What OpenSSL's object knows.
    @unsafe init(of ssl: OpaquePointer?) {
        unsafe self.init(
            version: Self.version(of: ssl),
            serverName: SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) },
            applicationProtocol: Self.applicationProtocol(of: ssl), isResumed: Self.isResumed(ssl))
    }

    @unsafe static func version(of ssl: OpaquePointer?) -> String {
        unsafe String(cString: SSL_get_version(ssl))
    }

    @unsafe static func isResumed(_ ssl: OpaquePointer?) -> Bool { unsafe SSL_session_reused(ssl) == 1 }

    @unsafe static func applicationProtocol(of ssl: OpaquePointer?) -> String? {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &start, &count)
        guard let start = unsafe start, count > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }
}
