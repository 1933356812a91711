internal import HTTP2Protocol
internal import HTTPProtocol

/// Tells a connection that begins with HTTP/2's preface (RFC 9113, 3.4) from one that begins with a request, however
/// the first bytes are split.
struct PrefaceSniffer {
    enum Found: Equatable { case http1, http2, undecided }

    private static let preface = Array("PRI * HTTP/2.0".utf8)
    private var held: [UInt8] = []

    /// Takes the next bytes. `taken` is all that came so far once it is decided.
    mutating func feed(_ bytes: Span<UInt8>) -> Found {
        for index in 0..<bytes.count { held.append(bytes[index]) }
        let count = min(held.count, Self.preface.count)
        guard held.prefix(count).elementsEqual(Self.preface.prefix(count)) else { return .http1 }
        return count == Self.preface.count ? .http2 : .undecided
    }

    var taken: [UInt8] { held }
}

extension ClientConnection {
    /// Takes the first bytes of a connection whose version is not known yet.
    func sniff(_ bytes: Span<UInt8>) {
        guard let found = sniffer?.feed(bytes), found != .undecided, let first = sniffer.take()?.taken else {
            return
        }
        if found == .http2 { return becomeHTTP2(first) }
        guard listener.speaksHTTP1 else {
            return refuse(Fault(.http2Only), host: nil, path: nil)
        }
        readHead(first.span)
    }

    /// Hands the connection over to HTTP/2, with what came of it.
    func becomeHTTP2(_ first: [UInt8]) {
        leaveTransport()
        do throws(HTTP2Error) {
            let client = try HTTP2Client(
                transport, address: peer, listener: listener, worker: worker)
            worker.admit(client)
            worker.forget(self)
            guard !first.isEmpty else { return }
            var bytes = first
            var span = bytes.mutableSpan
            client.received(&span)
        } catch {
            worker.log.tell(
                .setUpFailed(client: address, listener: listener.name, phase: "http2", "\(error)"))
            end("client left")
        }
    }
}
