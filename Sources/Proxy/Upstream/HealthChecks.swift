internal import Configuration
internal import Durations
internal import EventLoop

/// Checks the backends of one upstream again and again, each at its own jittered times. One worker of the process does
/// it for all.
final class HealthChecks {
    private let health: UpstreamPolicy.Health
    private unowned let worker: UpstreamContext
    private var watches: [String: Watch] = [:]

    init(_ health: UpstreamPolicy.Health, on worker: UpstreamContext) {
        self.health = health
        self.worker = worker
    }

    /// Watches those that are listed now, and no others.
    func watch(_ backends: [Backend]) {
        let names = Set(backends.map(\.name))
        for (name, watch) in watches where !names.contains(name) {
            watch.stop()
            watches[name] = nil
        }
        for backend in backends {
            // A backend may be another object under the same name, with another weight.
            if watches[backend.name]?.backend === backend { continue }
            watches[backend.name]?.stop()
            let watch = Watch(backend, health, worker)
            watches[backend.name] = watch
            watch.start()
        }
    }

    func stop() {
        for watch in watches.values { watch.stop() }
        watches = [:]
    }

    /// The checks of one backend.
    private final class Watch: TimerTarget {
        /// The first checks come soon: what is down from the start should be known before the first clients.
        private static let firstWithin = Duration.milliseconds(200)

        let backend: Backend
        private let health: UpstreamPolicy.Health
        private unowned let worker: UpstreamContext
        private var timer: TimerToken?
        private var probe: HealthProbe?

        init(_ backend: Backend, _ health: UpstreamPolicy.Health, _ worker: UpstreamContext) {
            self.backend = backend
            self.health = health
            self.worker = worker
        }

        func start() {
            let most = min(Self.firstWithin, health.interval).nanoseconds
            schedule(after: UInt64.random(in: 0...most, using: &worker.loop.random))
        }

        func stop() {
            worker.loop.cancel(timer)
            timer = nil
            probe?.cancel()
            probe = nil
        }

        private func schedule(after delay: UInt64) {
            timer = worker.loop.schedule(self, kind: 0, after: delay)
        }

        func timerFired(_ kind: UInt8) {
            timer = nil
            probe = HealthProbe(of: backend, health, on: worker) { [weak self] outcome in
                guard let self else { return }
                probe = nil
                switch outcome {
                case .well: backend.checked(nil, worker)
                case .wrong(let cause): backend.checked(cause, worker)
                case .notMade: break
                }
                schedule(after: worker.loop.random.jittered(health.interval, by: 0.2))
            }
        }
    }
}
