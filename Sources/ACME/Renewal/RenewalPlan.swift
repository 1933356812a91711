internal import Access

/// When a certificate is to be replaced. Times are seconds since 1970.
package struct RenewalPlan: Equatable, Sendable {
    /// From when it is valid.
    package let notBefore: Double
    /// Until when.
    package let notAfter: Double
    /// `renew_before`, in seconds.
    package let renewBefore: Double
    /// What the authority suggests.
    package var window: RenewalWindow?

    /// A plan without the authority's advice.
    package init(notBefore: Double, notAfter: Double, renewBefore: Double, window: RenewalWindow? = nil) {
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.renewBefore = renewBefore
        self.window = window
    }

    private var life: Double { max(notAfter - notBefore, 0) }

    /// The latest time of its own choice: so long before the end, or a third of its life where that is less.
    package var latest: Double { notAfter - min(renewBefore, life / 3) }

    /// - Parameter chance: from 0 to 1, the same for a certificate's whole life: those of many machines that were issued
    ///   together are not renewed together.
    package func due(chance: Double) -> Double {
        guard let window else { return latest - chance * min(life / 100, 3600) }
        // An authority's advice never makes us miss the end.
        return min(window.start + chance * (window.end - window.start), notAfter - life / 20)
    }
}

/// When the authority would like to see a certificate renewed (RFC 9773, 4.2).
package struct RenewalWindow: Equatable, Sendable {
    /// From when on.
    package let start: Double
    /// Until when.
    package let end: Double
    /// A page that says why.
    package let explanation: String?

    /// A window from its parts.
    package init(start: Double, end: Double, explanation: String? = nil) {
        self.start = start
        self.end = end
        self.explanation = explanation
    }

    /// From an authority's answer.
    package init(parsing body: [UInt8]) throws(ACMEError) {
        let node = try JSONNode(parsing: body)
        guard let start = (node["suggestedWindow"]?["start"]?.string).flatMap(InternetTime.seconds),
            let end = (node["suggestedWindow"]?["end"]?.string).flatMap(InternetTime.seconds), start < end
        else { throw .malformed("renewal information without a window") }
        self.init(
            start: start, end: end,
            explanation: node["explanationURL"]?.string.map { Problem.clean($0, most: 200) })
    }

    /// A certificate's name in renewal information (4.1).
    ///
    /// - Parameters:
    ///   - authorityKey: the key identifier of its authority.
    ///   - serial: its serial number, as its DER form has it.
    package static func name(authorityKey: [UInt8], serial: [UInt8]) -> String {
        "\(Base64URL.encode(authorityKey)).\(Base64URL.encode(serial))"
    }

    /// Seconds until the information is to be asked for again (4.3): within a minute and a day.
    package static func pause(_ retryAfter: Int?) -> Int { min(max(retryAfter ?? 21_600, 60), 86_400) }
}
