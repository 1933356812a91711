internal import Durations

/// How far a request may go on to other backends. Pure.
///
/// Each time that it is sent again costs an attempt. A backend that could not be reached costs none, as nothing was sent:
/// there only time is bounded, by what as many slow dials would take.
package struct RetryAllowance: Equatable, Sendable {
    private var attempts: Int
    private let deadline: UInt64?

    /// - Parameters:
    ///   - connectTimeout: of one dial; 0 = none, and then time is not bounded here.
    ///   - now: when the search begins.
    package init(attempts: Int, connectTimeout: Duration, now: UInt64) {
        self.attempts = max(0, attempts)
        let (span, overflows) = connectTimeout.nanoseconds
            .multipliedReportingOverflow(by: UInt64(max(0, attempts)) &+ 1)
        deadline = connectTimeout == .zero || overflows ? nil : now &+ span
    }

    /// Whether another backend may be dialled after one that could not be reached.
    package func mayDial(at now: UInt64) -> Bool { deadline.map { now < $0 } ?? true }

    /// Whether the request may be sent to another backend.
    package var mayRetry: Bool { attempts > 0 }

    /// The request goes to another backend.
    package mutating func retried() { attempts = max(0, attempts - 1) }
}
