/// What a peer was cut off for.
package enum HTTP2Abuse: String, Equatable, Sendable, CaseIterable {
    /// Streams opened and reset (CVE-2023-44487), or made to be reset by broken frames (CVE-2025-8671).
    case resets = "too many stream resets"
    /// SETTINGS, PING and PRIORITY.
    case controlFrames = "too many control frames"
    /// Frames that carry nothing: empty DATA, tiny WINDOW_UPDATE.
    case emptyFrames = "too many empty frames"
    /// A header list many times larger than announced.
    case headerList = "header list far too large"
    /// A header block in too many pieces (CVE-2024-28182).
    case continuations = "too many CONTINUATION frames"
    /// Answers that we owe pile up, as nothing is read.
    case unreadAnswers = "answers are not read"
}

/// Events that a peer may cause within `AbuseMeter.span`; 0 = no limit.
package struct HTTP2AbuseLimits: Equatable, Sendable {
    /// Streams reset before we had ended them.
    package var resets: Int
    /// SETTINGS, PING, PRIORITY.
    package var controlFrames: Int
    /// Frames that carry nothing.
    package var emptyFrames: Int

    /// Far above what browsers and load generators do.
    package init(resets: Int = 300, controlFrames: Int = 1000, emptyFrames: Int = 1000) {
        self.resets = resets
        self.controlFrames = controlFrames
        self.emptyFrames = emptyFrames
    }
}

/// Counts what costs us more than it costs the peer, within spans of time.
package struct AbuseMeter {
    /// Nanoseconds.
    package static let span: UInt64 = 10_000_000_000

    private let limits: HTTP2AbuseLimits
    private var began: UInt64
    private var resets = 0
    private var controlFrames = 0
    private var emptyFrames = 0

    /// Starts with nothing counted.
    package init(_ limits: HTTP2AbuseLimits, at now: UInt64) {
        self.limits = limits
        began = now
    }

    /// A new span begins when the last one is over.
    package mutating func advance(to now: UInt64) {
        guard now > began, now - began >= Self.span else { return }
        began = now
        (resets, controlFrames, emptyFrames) = (0, 0, 0)
    }

    /// Whether the limit is passed by this one.
    package mutating func reset() -> HTTP2Abuse? {
        resets += 1
        return limits.resets > 0 && resets > limits.resets ? .resets : nil
    }

    /// Whether the limit is passed by this one.
    package mutating func controlFrame() -> HTTP2Abuse? {
        controlFrames += 1
        return limits.controlFrames > 0 && controlFrames > limits.controlFrames ? .controlFrames : nil
    }

    /// Whether the limit is passed by this one.
    package mutating func emptyFrame() -> HTTP2Abuse? {
        emptyFrames += 1
        return limits.emptyFrames > 0 && emptyFrames > limits.emptyFrames ? .emptyFrames : nil
    }
}
