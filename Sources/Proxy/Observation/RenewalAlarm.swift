/// How loudly a failure is told.
enum RenewalAlarm: Equatable {
    case warning, error, critical

    /// - Parameters:
    ///   - failures: in a row.
    ///   - secondsLeft: of the certificate that is served; nil = there is none.
    ///   - renewBefore: seconds before the end at which it was to be renewed.
    static func level(failures: Int, secondsLeft: Double?, renewBefore: Double) -> RenewalAlarm {
        guard let secondsLeft else { return failures < 3 ? .warning : .error }
        if secondsLeft < 86_400 { return .critical }
        if secondsLeft < renewBefore / 2 || failures >= 10 { return .error }
        return .warning
    }
}
