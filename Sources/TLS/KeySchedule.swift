internal import COpenSSL

/// The key schedule of TLS 1.3 (RFC 8446, 7.1) as an algorithm that OpenSSL is given, and that tells the traffic secrets of
/// a handshake to the thread that runs it.
@safe package enum KeySchedule {
    /// Nil where OpenSSL has not taken it: then its own is used, and records stay with OpenSSL. It is never unloaded.
    nonisolated(unsafe) static let loaded: UnsafeMutablePointer<trunkline_schedule>? = {
        trunkline_clear_errors()
        let schedule = unsafe trunkline_schedule_load()
        trunkline_clear_errors()
        return unsafe schedule
    }()

    /// Whether handshakes use it.
    package static var isLoaded: Bool { unsafe loaded != nil }

    /// One derivation, to compare ours with OpenSSL's own: an expansion, or an extraction where there is no `data`. Nil
    /// where it is refused.
    package static func derive(
        byOurs: Bool, digest: String, key: [UInt8]?, salt: [UInt8]?, label: String, data: [UInt8]?, count: Int
    ) -> [UInt8]? {
        guard !byOurs || isLoaded else { return nil }
        trunkline_clear_errors()
        defer { trunkline_clear_errors() }
        var derived = [UInt8](repeating: 0, count: count)
        let mode = data == nil ? EVP_KDF_HKDF_MODE_EXTRACT_ONLY : EVP_KDF_HKDF_MODE_EXPAND_ONLY
        let isDone = unsafe trunkline_schedule_derive(
            byOurs ? "provider=trunkline" : "provider=default", digest, mode, key, key?.count ?? 0, salt,
            salt?.count ?? 0, label, data, data?.count ?? 0, &derived, count)
        return isDone == 1 ? derived : nil
    }

    /// Runs what may make secrets, which go to `told`.
    @unsafe static func telling(
        _ told: UnsafeMutablePointer<trunkline_secrets>, _ body: () -> Int32
    ) -> Int32 {
        guard let loaded = unsafe loaded else { return body() }
        unsafe trunkline_schedule_tell(loaded, told)
        defer { unsafe trunkline_schedule_tell(loaded, nil) }
        return body()
    }
}
