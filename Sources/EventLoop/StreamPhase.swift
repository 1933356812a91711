/// How far a stream socket has come.
enum StreamPhase: Equatable {
    case connecting
    case open
    /// The peer has sent its FIN. We may still send: half-closed is a legal state of TCP (RFC 9293, 3.6).
    case ended
    case failed(SystemError)

    /// Whether the kernel may be given bytes.
    var sends: Bool {
        switch self {
        case .open, .ended: true
        case .connecting, .failed: false
        }
    }

    var hasFailed: Bool { if case .failed = self { true } else { false } }

    /// What the loop is to tell of it; nil where it is watched no more.
    ///
    /// - Parameters:
    ///   - isReading: its owner wants what comes.
    ///   - hasOutput: something waits for the kernel to take more.
    func interest(isReading: Bool, hasOutput: Bool) -> (readable: Bool, writable: Bool)? {
        switch self {
        case .connecting: (false, true)
        case .open: (isReading, hasOutput)
        case .ended: (false, hasOutput)
        case .failed: nil
        }
    }
}
