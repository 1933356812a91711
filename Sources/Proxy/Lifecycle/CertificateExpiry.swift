internal import Durations
internal import TLS

/// What is said of a certificate that is about to expire or has: when it is loaded, and then once a day.
enum CertificateExpiry {
    private static let day = Duration.seconds(86_400)
    /// From so long before the end on.
    private static let warnsFrom = day * 14

    /// nil as long as there is nothing to say.
    ///
    /// - Parameter left: until it expires; negative afterwards.
    static func words(_ left: Duration) -> String? {
        switch left {
        case ..<(.zero): "has expired \(ago(.zero - left)), clients refuse it"
        case ..<day: "expires within a day"
        case ..<warnsFrom: "expires in \(days(left))"
        default: nil
        }
    }

    private static func ago(_ time: Duration) -> String { time < day ? "today" : days(time) + " ago" }

    private static func days(_ time: Duration) -> String {
        let count = Int(time / day)
        return "\(count) day\(count == 1 ? "" : "s")"
    }
}

/// When the daily look is due. Times are nanoseconds of the loop's clock.
struct DailyLook {
    private static let day = Duration.seconds(86_400).nanoseconds
    private var next: UInt64

    /// - Parameter now: what was loaded then has been looked at already.
    init(at now: UInt64) { next = now &+ Self.day }

    mutating func isDue(at now: UInt64) -> Bool {
        guard now >= next else { return false }
        next = now &+ Self.day
        return true
    }
}

extension ProxyServer {
    /// Says daily which certificates are about to expire.
    func lookAtCertificates() {
        for listener in current.listeners {
            for certificate in listener.tls?.certificates ?? [] {
                guard let words = CertificateExpiry.words(certificate.untilExpiry) else { continue }
                logs.log.tell(.certificateExpires(listener.name, certificate.name, words))
            }
        }
    }
}
