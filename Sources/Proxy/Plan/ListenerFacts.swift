internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// What a client connection needs to know of the listener it came through.
final class ListenerFacts: Sendable {
    /// As in the configuration, e.g. `0.0.0.0:8443`.
    let name: String
    /// For routes that are tied to it; nil when it has none.
    let label: String?
    /// nil on plain listeners.
    let tls: ServerTLSContext?
    /// Every request is answered with its https address, which has this port. nil = none is.
    let redirectPort: UInt16?
    /// Each connection begins with a PROXY protocol header.
    let readsProxyHeader: Bool
    /// Of a Unix socket.
    let permissions: SocketPermissions
    let speaksHTTP1: Bool
    let speaksHTTP2: Bool

    /// Clients are asked for certificates.
    var asksForCertificates: Bool { tls?.asksForCertificates ?? false }

    init(
        name: String, label: String? = nil, tls: ServerTLSContext?, redirectPort: UInt16? = nil,
        readsProxyHeader: Bool = false,
        protocols: [String] = ["h2", "http/1.1"], permissions: SocketPermissions = SocketPermissions()
    ) {
        self.permissions = permissions
        speaksHTTP1 = protocols.contains("http/1.1")
        speaksHTTP2 = protocols.contains("h2")
        self.name = name
        self.label = label
        self.tls = tls
        self.redirectPort = redirectPort
        self.readsProxyHeader = readsProxyHeader
    }
}
