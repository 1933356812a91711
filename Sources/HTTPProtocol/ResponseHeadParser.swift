/// Parses a response head as it comes (RFC 9112, 4), as strictly as a request's.
///
/// Keeps nothing of a head that it has handed out, and then stands at the beginning of the next one, so a final
/// response may be fed after an interim one; how many of those there may be is bounded. After an error it is not fed again.
package struct ResponseHeadParser: Sendable {
    private let limits: HeadLimits
    private var lines: HeadLines<StatusLine>
    private var interim = 0

    /// At the beginning of a response.
    package init(limits: HeadLimits) {
        self.limits = limits
        lines = HeadLines(limits)
    }

    /// Bytes of a head that is not complete.
    package var keptBytes: Int { lines.keptBytes }

    /// Takes bytes. Returns the head, and how many of these bytes belonged to it, when it is complete; nil when more is
    /// needed.
    package mutating func feed(_ bytes: Span<UInt8>) throws(HeadError) -> (ResponseHead, Int)? {
        guard let used = try lines.accept(bytes) else { return nil }
        let complete = lines
        lines = HeadLines(limits)
        let first = complete.first
        if first.status < 200, first.status != 101 {
            interim += 1
            guard interim <= HeadLimits.interim else { throw .tooManyInterim(limit: HeadLimits.interim) }
        }
        return (
            ResponseHead(
                status: first.status, reason: first.reason, minorVersion: first.minorVersion,
                fields: complete.fields),
            used
        )
    }
}
