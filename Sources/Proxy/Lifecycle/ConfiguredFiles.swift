internal import Configuration
internal import EventLoop
internal import TLS

/// Reads the files that a configuration names, relative to it, and complains with the place where each is named.
struct ConfiguredFiles {
    private let file: String
    private let folder: String
    private(set) var complaints: [Diagnostic] = []

    init(file: String) {
        self.file = file
        folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    /// A listener's TLS; nil when it is plain or something was wrong.
    mutating func serverContext(_ listener: ListenerConfiguration, standIns: [Certificate]?)
        -> ServerTLSContext?
    {
        guard let named = listener.certificates else { return nil }
        let certificates = standIns ?? named.compactMap { load($0) }
        guard standIns != nil || certificates.count == named.count else { return nil }
        do throws(TLSError) {
            return try ServerTLSContext(
                certificates: certificates, minimumVersion: listener.requiresTLS13 ? .tls13 : .tls12)
        } catch {
            complain(listener.address.place, error.description)
            return nil
        }
    }

    /// An upstream's TLS.
    mutating func clientContext(_ upstream: UpstreamConfiguration) -> ClientTLSContext? {
        guard let tls = upstream.tls else { return nil }
        var authority: [UInt8]?
        if let named = tls.authority {
            guard let bytes = read(named, what: "CA certificates") else { return nil }
            authority = bytes
        }
        do throws(TLSError) {
            return try ClientTLSContext(
                serverName: tls.serverName ?? defaultName(upstream), authorityPEM: authority,
                verifies: tls.verifies)
        } catch {
            complain(
                tls.authority?.place ?? Place(line: 1, column: 1),
                "\(tls.authority?.value ?? "tls"): \(error)")
            return nil
        }
    }

    private func defaultName(_ upstream: UpstreamConfiguration) -> String {
        switch upstream.backends.first?.address {
        case .ip(let ip, _): ip
        case .name(let name, _): name
        case .unix, nil: "localhost"
        }
    }

    private mutating func load(_ named: ListenerConfiguration.Certificate) -> Certificate? {
        let chain = read(named.certificate, what: "certificate")
        let key = read(named.key, what: "key")
        guard let chain, let key else { return nil }
        do throws(TLSError) {
            return try Certificate(certificatePEM: chain, keyPEM: key)
        } catch {
            let place = "\(error)".contains("key") ? named.key : named.certificate
            complain(place.place, "'\(named.certificate.value)' with key '\(named.key.value)': \(error)")
            return nil
        }
    }

    private mutating func read(_ name: Located<String>, what: String) -> [UInt8]? {
        let path = name.value.hasPrefix("/") ? name.value : folder + name.value
        do throws(SystemError) {
            return try FileContents.read(path)
        } catch {
            complain(name.place, "cannot read \(what) '\(name.value)': \(error.reason)")
            return nil
        }
    }

    private mutating func complain(_ place: Place, _ text: String) {
        complaints.append(Diagnostic(file: file, place: place, text: text))
    }
}
