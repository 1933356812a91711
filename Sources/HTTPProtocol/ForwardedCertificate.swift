/// What a backend is told of a client's certificate: the whole of it in `Client-Cert` (RFC 9440), and in
/// `X-Forwarded-Client-Cert` what most want to know, as Envoy spells it.
package struct ForwardedCertificate: Equatable, Sendable {
    let der: [UInt8]
    let fingerprint: [UInt8]
    let subject: String

    /// - Parameters:
    ///   - der: the certificate.
    ///   - fingerprint: its SHA-256.
    ///   - subject: as RFC 2253 writes it.
    package init(der: [UInt8], fingerprint: [UInt8], subject: String) {
        self.der = der
        self.fingerprint = fingerprint
        self.subject = subject
    }

    func apply(to fields: inout HeaderFields) {
        // RFC 9440, 2.1: a byte sequence of structured fields (RFC 8941, 3.3.5), base64 between colons.
        fields.append("Client-Cert", ":\(Base64.encode(der)):")
        fields.append("X-Forwarded-Client-Cert", "Hash=\(hexadecimal);Subject=\"\(quoted)\"")
    }

    private var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: fingerprint.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Certificates may name anything: what can't stand in a field is left out, quotes are escaped.
    private var quoted: String {
        var text = ""
        for scalar in subject.unicodeScalars where scalar.value >= 32 && scalar.value != 127 {
            if scalar == "\"" || scalar == "\\" { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
        return text
    }
}
