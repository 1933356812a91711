internal import Glibc

/// What a log's destination gives to tell.
package enum LogTrouble: Equatable, Sendable {
    /// So many lines since it was last told, and why the last of them.
    case lost(lines: UInt64, reason: String)
    case writesAgain
    /// The file was moved away, or was to be opened anew, and can't be: the old one is still written.
    case notReopened(reason: String)
}

/// Decides when to tell of a destination that can't be written to: at once, then at most every ten seconds, and when it
/// is over.
struct TroubleTeller {
    private static let pause = 10
    private var untold: UInt64 = 0
    private var toldAt: Int?
    /// What was written last ended within a line.
    var isMidLine = false

    /// - Parameters:
    ///   - failure: lines lost and `errno`; nil when all was written.
    ///   - now: seconds.
    mutating func news(_ failure: (lines: UInt64, code: Int32)?, at now: Int) -> LogTrouble? {
        guard let failure else {
            guard toldAt != nil else { return nil }
            (toldAt, untold) = (nil, 0)
            return .writesAgain
        }
        untold &+= failure.lines
        if let toldAt, now - toldAt < Self.pause { return nil }
        toldAt = now
        defer { untold = 0 }
        return .lost(lines: untold, reason: unsafe String(cString: strerror(failure.code)))
    }
}
