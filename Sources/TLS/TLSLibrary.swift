internal import COpenSSL

/// The library in use at run time.
package enum TLSLibrary {
    /// E.g. `OpenSSL 3.0.19 27 Jan 2026`.
    package static var version: String { unsafe String(cString: OpenSSL_version(OPENSSL_VERSION)) }
}
