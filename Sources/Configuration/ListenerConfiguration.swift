/// One `listeners` entry.
package struct ListenerConfiguration: Equatable, Sendable {
    /// One certificate with its key, as file names.
    package struct Certificate: Equatable, Sendable {
        /// A PEM file: the certificate, then those that sign it.
        package var certificate: Located<String>
        /// A PEM file with the private key.
        package var key: Located<String>
        /// `ocsp`: what is stapled to the handshake (RFC 6066, 8).
        package var staple = Staple.beside
    }

    /// Where a certificate's OCSP response is.
    package enum Staple: Equatable, Sendable {
        /// In a file of the certificate's name with `.ocsp` behind it, where there is one.
        case beside
        case file(Located<String>)
        case off
    }

    /// `client_certificates`.
    package struct ClientCertificates: Equatable, Sendable {
        /// A PEM file with the authorities that sign clients' certificates.
        package var authority: Located<String>
        /// `crl`: a PEM file with the authorities' revocation lists. nil = none are looked at.
        package var revocations: Located<String>?
        /// `mode`: `require` ends the handshake without one, `request` goes on.
        package var isRequired: Bool
    }

    /// `name`: for routes that are tied to it; of one listener only.
    package var name: String?
    /// Where it listens: an IP address or a Unix socket.
    package var address: Located<Address>
    /// nil on plain listeners; the first is the default.
    package var certificates: [Certificate]?
    /// `minimum_version`: nothing below TLS 1.3, else nothing below 1.2.
    package var requiresTLS13 = false
    /// `tickets.rotate`, in nanoseconds: how long one key seals session tickets (RFC 5077, 5.5). 0 = as long as the process runs.
    package var rotatesTickets: UInt64 = 43_200_000_000_000
    /// nil = clients are asked for no certificate.
    package var clientCertificates: ClientCertificates?
    /// What is spoken, the preferred one first: `h2`, `http/1.1`.
    package var protocols = ["h2", "http/1.1"]
    /// `redirect_to_https`: the port of the https address that every request is answered with, 308. nil = none is.
    package var redirectPort: UInt16?
    /// Each connection begins with a PROXY protocol header.
    package var readsProxyHeader = false

    /// Of a Unix socket.
    package var access = SocketAccess()

    /// A listener from its parts.
    package init(address: Located<Address>, certificates: [Certificate]?) {
        self.address = address
        self.certificates = certificates
    }
}
