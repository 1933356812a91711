internal import Yams

/// Reads `listeners`.
enum ListenerDecoder {
    static func decode(_ top: Section) -> [ListenerConfiguration] {
        guard top.hasKey("listeners") else {
            top.complaints.add(top.place, "missing required key 'listeners': nothing would be listened on")
            return []
        }
        let nodes = top.list("listeners")
        if top.lacks("listeners") {
            top.complaints.add(top.place, "'listeners' is empty: nothing would be listened on")
        }
        var seen: [String] = []
        var names: [String] = []
        let listeners = nodes.enumerated().compactMap { index, node -> ListenerConfiguration? in
            let section = Section(
                node, title: "listener \(index + 1)", place: node.place, top.complaints, usual: "address")
            guard let listener = decode(section) else { return nil }
            let name = listener.address.value.description
            if seen.contains(name), !name.hasSuffix(":0") {
                section.complaints.add(listener.address.place, "address '\(name)' is listened on twice")
            }
            seen.append(name)
            if let name = listener.name {
                if names.contains(name) {
                    section.complaints.add(
                        section.text("name")?.place ?? section.place, "two listeners are named '\(name)'")
                }
                names.append(name)
            }
            return listener
        }
        return RedirectDecoder.resolve(listeners, top.complaints)
    }

    private static func decode(_ section: Section) -> ListenerConfiguration? {
        let address = section.required("address").flatMap { text -> Located<Address>? in
            switch AddressSyntax.parse(text.value) {
            case .some(.name), nil:
                section.complaints.add(
                    text.place,
                    "'\(text.value)' is no address to listen on, expected one such as 0.0.0.0:8443, [::]:8443 or unix:/run/trunkline.sock"
                        + (Habits.listener(text.value) ?? ""))
                return nil
            case let address?: return Located(value: address, place: text.place)
            }
        }
        var listener = ListenerConfiguration(
            address: address ?? Located(value: .unix("/"), place: section.place), certificates: nil)
        listener.name = section.hasKey("name") ? section.required("name")?.value : nil
        if section.hasKey("tls") {
            ListenerTLSDecoder.decode(
                section.section("tls", title: "'tls' of \(section.title)"), into: &listener)
        }
        if section.hasKey("protocols") { listener.protocols = protocols(section) }
        section.value(
            "proxy_protocol", into: &listener.readsProxyHeader, expected: "off or accept"
        ) { $0 == "accept" ? true : Quantity.flag($0) == false ? false : nil }
        listener.redirectPort = RedirectDecoder.decode(section)
        if listener.redirectPort != nil, listener.certificates != nil {
            section.complaints.add(
                section.place, "'redirect_to_https' is for plain listeners, but \(section.title) has 'tls'")
        }
        listener.access = SocketAccess.decode(section, of: address?.value)
        section.finish()
        return address == nil ? nil : listener
    }

    private static func protocols(_ section: Section) -> [String] {
        let names = section.list("protocols").compactMap { section.text($0, "protocols") }
        for name in names where !["h2", "http/1.1"].contains(name.value) {
            section.complaints.add(name.place, "unknown protocol '\(name.value)', expected h2 or http/1.1")
        }
        if section.lacks("protocols") {
            section.complaints.add(
                section.place, "'protocols' of \(section.title) is empty, expected h2 or http/1.1")
        }
        return names.map(\.value)
    }
}
