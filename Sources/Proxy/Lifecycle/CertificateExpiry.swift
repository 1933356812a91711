internal import TLS

/// What is said of a certificate that is about to expire or has: when it is loaded, and then once a day.
enum CertificateExpiry {
    private static let day = 86_400
    /// From so many seconds before the end on.
    private static let warnsFrom = 14 * day

    /// nil as long as there is nothing to say.
    ///
    /// - Parameter seconds: until it expires; negative afterwards.
    static func words(_ seconds: Int) -> String? {
        switch seconds {
        case ..<0: "has expired \(ago(-seconds)), clients refuse it"
        case ..<day: "expires within a day"
        case ..<warnsFrom: "expires in \(seconds / day) day\(seconds / day == 1 ? "" : "s")"
        default: nil
        }
    }

    private static func ago(_ seconds: Int) -> String {
        seconds < day ? "today" : "\(seconds / day) day\(seconds / day == 1 ? "" : "s") ago"
    }
}

/// When the daily look is due. Times are nanoseconds of the loop's clock.
struct DailyLook {
    private static let day: UInt64 = 86_400 * 1_000_000_000
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
                guard let words = CertificateExpiry.words(certificate.secondsUntilExpiry) else { continue }
                logs.log.tell(.certificateExpires(listener.name, certificate.name, words))
            }
        }
    }
}
