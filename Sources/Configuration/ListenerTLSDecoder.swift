internal import Yams

/// Reads `tls` of a listener.
enum ListenerTLSDecoder {
    static func decode(_ section: Section, into listener: inout ListenerConfiguration) {
        listener.certificates = section.list("certificates").compactMap { certificate($0, section) }
        if section.lacks("certificates") {
            section.complaints.add(section.place, "\(section.title) needs 'certificates', one or more")
        }
        section.value("minimum_version", into: &listener.requiresTLS13, expected: "\"1.2\" or \"1.3\"") {
            text in
            text == "1.3" ? true : text == "1.2" ? false : nil
        }
        let tickets = section.section("tickets")
        tickets.duration("rotate", into: &listener.rotatesTickets)
        tickets.finish()
        if section.hasKey("client_certificates") {
            listener.clientCertificates = clients(
                section.section("client_certificates", title: "'client_certificates' of a listener"))
        }
        section.finish()
    }

    private static func certificate(_ node: Node, _ section: Section) -> ListenerConfiguration.Certificate? {
        let entry = Section(
            node, title: "'certificates' of a listener", place: node.place, section.complaints)
        let certificate = entry.required("certificate")
        let key = entry.required("key")
        let ocsp = entry.text("ocsp")
        entry.finish()
        guard let certificate, let key else { return nil }
        return .init(certificate: certificate, key: key, staple: staple(ocsp))
    }

    private static func staple(_ text: Located<String>?) -> ListenerConfiguration.Staple {
        switch text?.value {
        case nil, "auto"?: .beside
        case let value? where Quantity.flag(value) == false: .off
        default: text.map { .file($0) } ?? .beside
        }
    }

    private static func clients(_ section: Section) -> ListenerConfiguration.ClientCertificates? {
        let authority = section.required("ca")
        let revocations = section.hasKey("crl") ? section.required("crl") : nil
        var isRequired = true
        section.value("mode", into: &isRequired, expected: "require or request") {
            $0 == "require" ? true : $0 == "request" ? false : nil
        }
        section.finish()
        return authority.map { .init(authority: $0, revocations: revocations, isRequired: isRequired) }
    }
}
