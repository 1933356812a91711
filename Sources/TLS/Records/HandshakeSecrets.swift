internal import COpenSSL

/// The application traffic secrets of a handshake, as the key schedule has told them. They are wiped with this object.
@safe package final class HandshakeSecrets {
    /// Of as many bytes as its suite's hash has.
    package struct Secret {
        var bytes = InlineArray<48, UInt8>(repeating: 0)
        /// 0 = none was told.
        package var count = 0
        /// What follows from it, where that was told too: of as many bytes as its suite's keys have.
        var key = InlineArray<32, UInt8>(repeating: 0)
        var keyCount = 0
        var iv = InlineArray<12, UInt8>(repeating: 0)
        var ivCount = 0

        /// A copy, to compare it.
        package var copy: [UInt8] { (0..<count).map { bytes[$0] } }
    }

    /// Of what the client sends.
    package private(set) var client = Secret()
    /// Of what the server sends.
    package private(set) var server = Secret()

    deinit {
        unsafe withUnsafeMutableBytes(of: &client) { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        unsafe withUnsafeMutableBytes(of: &server) { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    /// None told yet.
    package init() {}

    /// Whether both directions have theirs.
    package var isComplete: Bool { client.count > 0 && server.count > 0 }

    /// Takes what the key schedule has told, and wipes it there. A secret that it has not told stays as it was.
    @unsafe func take(_ told: UnsafeMutablePointer<trunkline_secrets>) {
        if unsafe told.pointee.client.count > 0 { client = unsafe Secret(told.pointee.client) }
        if unsafe told.pointee.server.count > 0 { server = unsafe Secret(told.pointee.server) }
        unsafe OPENSSL_cleanse(told, MemoryLayout<trunkline_secrets>.size)
    }
}

extension HandshakeSecrets.Secret {
    /// None where one of them does not fit.
    fileprivate init(_ told: borrowing trunkline_secret) {
        guard told.count <= bytes.count, told.key_count <= key.count, told.iv_count <= iv.count else {
            return
        }
        count = told.count
        keyCount = told.key_count
        ivCount = told.iv_count
        unsafe withUnsafeBytes(of: told.secret) { told in
            for index in 0..<count { unsafe bytes[index] = told[index] }
        }
        unsafe withUnsafeBytes(of: told.key) { told in
            for index in 0..<keyCount { unsafe key[index] = told[index] }
        }
        unsafe withUnsafeBytes(of: told.iv) { told in
            for index in 0..<ivCount { unsafe iv[index] = told[index] }
        }
    }
}
