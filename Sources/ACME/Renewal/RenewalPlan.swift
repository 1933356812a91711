internal import Access
internal import Durations

/// When a certificate is to be replaced. Times are seconds since 1970.
package struct RenewalPlan: Equatable, Sendable {
    /// From when it is valid.
    package let notBefore: Double
    /// Until when.
    package let notAfter: Double
    /// `renew_before`, in seconds.
    package let renewBefore: Duration
    /// What the authority suggests.
    package var window: RenewalWindow?
    /// When this process got it; nil where another did.
    package var obtained: Double?

    /// A plan without the authority's advice.
    package init(
        notBefore: Double, notAfter: Double, renewBefore: Duration, window: RenewalWindow? = nil,
        obtained: Double? = nil
    ) {
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.renewBefore = renewBefore
        self.window = window
        self.obtained = obtained
    }

    private var life: Double { max(notAfter - notBefore, 0) }

    /// The latest time of its own choice: so long before the end, or a third of its life where that is less.
    package var latest: Double { notAfter - min(renewBefore.inSeconds, life / 3) }

    /// - Parameter chance: from 0 to 1, the same for a certificate's whole life: those of many machines that were issued
    ///   together are not renewed together.
    package func due(chance: Double) -> Double { max(wished(chance), earliest) }

    private func wished(_ chance: Double) -> Double {
        guard let window else { return latest - chance * min(life / 100, 3600) }
        // An authority's advice never makes us miss the end.
        return min(window.start + chance * (window.end - window.start), notAfter - life / 20)
    }

    /// An authority that wants everything renewed at once, or issues what is about to end, is not asked without a pause.
    private var earliest: Double {
        obtained.map { $0 + min(max(life / 20, 60), 21_600) } ?? -.infinity
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

    /// How long until the information is to be asked for again (4.3): within a minute and a day.
    package static func pause(_ retryAfter: Duration?) -> Duration {
        min(max(retryAfter ?? .seconds(21_600), .seconds(60)), .seconds(86_400))
    }
}
