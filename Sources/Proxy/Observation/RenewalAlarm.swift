/// How loudly a failure is told.
enum RenewalAlarm: Equatable {
    case warning, error, critical

    /// - Parameters:
    ///   - failures: in a row.
    ///   - left: of the certificate that is served; nil = there is none.
    ///   - renewBefore: how long before the end it was to be renewed.
    static func level(failures: Int, left: Duration?, renewBefore: Duration) -> RenewalAlarm {
        guard let left else { return failures < 3 ? .warning : .error }
        if left < .seconds(86_400) { return .critical }
        if left < renewBefore / 2 || failures >= 10 { return .error }
        return .warning
    }
}
