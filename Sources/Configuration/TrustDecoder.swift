internal import HTTPProtocol

/// Reads what decides whose word about clients counts: `trusted_proxies` and `underscore_fields`.
enum TrustDecoder {
    static func decode(_ top: Section, into configuration: inout ProxyConfiguration) {
        var ranges: [AddressRange] = []
        var trustsUnixSockets = false
        for node in top.list("trusted_proxies") {
            guard let text = top.text(node, "trusted_proxies") else { continue }
            if text.value == "unix" {
                trustsUnixSockets = true
            } else if let range = AddressRange(text.value) {
                ranges.append(range)
            } else {
                top.complaints.add(
                    text.place,
                    "'\(text.value)' is none of 'trusted_proxies', expected an address such as 10.0.0.1, a range"
                        + " such as 10.0.0.0/8 or 2001:db8::/32, or unix")
            }
        }
        configuration.trustedProxies = TrustedProxies(ranges: ranges, trustsUnixSockets: trustsUnixSockets)
        top.value("underscore_fields", into: &configuration.underscoreFields, expected: "drop or pass") {
            UnderscoreFields(rawValue: $0)
        }
    }
}
