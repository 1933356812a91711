internal import YAML

/// `redirect_to_https`, and the port that `true` means.
enum Redirect {
    private static let httpsPort: UInt16 = 443
    /// Until all listeners are known: the port of the one with `tls`.
    private static let undecided: UInt16 = 0

    private static let table = Table(
        "Another port than that of the only listener with TLS.", start: httpsPort
    ) {
        Key.value("port", \.self, .port, "The port of the https address.", isRequired: true, example: "8443")
    }

    /// The key: a word, or a mapping with the port.
    static let key: Key<ListenerConfiguration> = {
        let word = Scalar<Bool>.flag.expecting("true, false or { port: 8443 }")
        let name = "redirect_to_https"
        return Key(
            entry: Entry(
                name: name,
                about:
                    "Without TLS only: answers every request with 308, to the port of the only listener with TLS, or to the given one.",
                kind: .either(word.form, table.outline), example: "true", unset: "no request is"),
            read: { listener, section in
                guard let node = section.node(name) else { return true }
                if node.mapping != nil {
                    listener.redirectPort = table.read(section.section(name), over: httpsPort) ?? httpsPort
                } else if word.read(node, name, in: section) == true {
                    listener.redirectPort = undecided
                }
                return true
            },
            show: { $0.redirectPort.map { table.show($0) } })
    }()

    /// Puts in the port of the only listener with `tls`. Where there is none, TLS ends before this process, and the port
    /// is that of the scheme.
    static func resolve(_ listeners: inout [ListenerConfiguration], _ section: Section) {
        // A port that the kernel chooses is not known here.
        let ports = Set(listeners.filter { $0.tls != nil }.compactMap(\.address.value.port))
            .subtracting([0]).sorted()
        for index in listeners.indices where listeners[index].redirectPort == undecided {
            listeners[index].redirectPort = ports.first ?? httpsPort
            if ports.count > 1 {
                section.complain(
                    listeners[index].address.place,
                    "'redirect_to_https: true' could mean port \(ports.map(String.init).joined(separator: " or ")):"
                        + " write 'redirect_to_https: { port: \(ports[0]) }'")
            }
        }
    }
}

extension Scalar where Value == UInt16 {
    fileprivate static var port: Self {
        let number = Scalar<Int>.integer(1...65_535)
        return Scalar(
            form: number.form, expected: number.expected,
            parse: { text, place in number.parse(text, place).map { UInt16(clamping: $0) } },
            print: { "\($0)" })
    }
}
