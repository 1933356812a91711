internal import Yams

/// Reads `redirect_to_https`, and finds the port that `true` means.
enum RedirectDecoder {
    private static let httpsPort: UInt16 = 443
    /// Until all listeners are known: the port of the one with `tls`.
    private static let undecided: UInt16 = 0

    /// nil = no request is redirected.
    static func decode(_ listener: Section) -> UInt16? {
        guard listener.node("redirect_to_https")?.mapping != nil else {
            var isOn = false
            listener.value(
                "redirect_to_https", into: &isOn, expected: "true, false or { port: 8443 }", Quantity.flag)
            return isOn ? undecided : nil
        }
        let section = listener.section(
            "redirect_to_https", title: "'redirect_to_https' of \(listener.title)")
        _ = section.required("port")
        var port = Int(httpsPort)
        section.integer("port", into: &port, 1...65_535)
        section.finish()
        return UInt16(clamping: port)
    }

    /// Puts in the port of the only listener with `tls`. Where there is none, TLS ends before this process, and the port
    /// is that of the scheme.
    static func resolve(
        _ listeners: [ListenerConfiguration], _ complaints: Complaints
    ) -> [ListenerConfiguration] {
        // A port that the kernel chooses is not known here.
        let ports = Set(listeners.filter { $0.certificates != nil }.compactMap(\.address.value.port))
            .subtracting([0]).sorted()
        return listeners.map { listener in
            guard listener.redirectPort == undecided else { return listener }
            var listener = listener
            listener.redirectPort = ports.first ?? httpsPort
            if ports.count > 1 {
                complaints.add(
                    listener.address.place,
                    "'redirect_to_https: true' could mean port \(ports.map(String.init).joined(separator: " or ")):"
                        + " write 'redirect_to_https: { port: \(ports[0]) }'")
            }
            return listener
        }
    }
}
