internal import EventLoop
internal import Synchronization

/// This process among those whose place it took and the one that takes its: how a client that comes to one of them is given
/// to the one that has its session.
final class ProcessFamily: Sendable {
    /// How many processes before this one are known; if there are more, the oldest are forgotten.
    static let mostElders = 16

    /// One that may have sessions yet.
    struct Elder: Sendable {
        let process: UInt64
        let line: DescriptorLine
    }

    private struct State {
        var key: ResumeKey
        var elders: [Elder] = []
        var newest: DescriptorLine?
    }

    /// Its name in tokens.
    let process: UInt64
    private let state: Mutex<State>

    init() {
        var random = KernelRandom()
        process = random.next()
        state = Mutex(State(key: ResumeKey(using: &random)))
    }

    /// What tokens are made with.
    var key: ResumeKey { state.withLock { $0.key } }

    /// Its name in tokens, and what they are made with.
    var tokenSeal: (process: UInt64, key: ResumeKey) { (process, key) }

    /// Goes on with what the process before this one knew. Call it before anything is served.
    func take(_ key: ResumeKey, _ elders: [Elder]) {
        state.withLock { state in
            state.key = key
            state.elders = elders
        }
    }

    /// The others that may have sessions, the oldest first; those that have ended are forgotten.
    var elders: [Elder] {
        state.withLock { state in
            state.elders = Array(state.elders.filter(\.line.isOpen).suffix(Self.mostElders))
            return state.elders
        }
    }

    /// The way to the process that gave a token.
    func line(to process: UInt64) -> DescriptorLine? {
        state.withLock { $0.elders.first { $0.process == process }?.line }
    }

    /// The way to the process that accepts, where this one doesn't any more.
    var newest: DescriptorLine? {
        get { state.withLock { $0.newest } }
        set { state.withLock { $0.newest = newValue } }
    }
}
