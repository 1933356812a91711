internal import EventLoop
internal import PerMessageDeflate
internal import Telemetry

extension Worker {
    /// So many sessions are looked at in one turn of the loop: whoever watches must not be felt.
    private static let sessionsPerTurn = 256

    /// Takes a copy of all that this worker has counted; `done` comes some turns later.
    func collectMetrics(_ done: @escaping (MetricSet) -> Void) {
        collect(from: 0, buffered: (0, 0), done)
    }

    /// Sessions may come and go between two turns: one that is missed is in the next copy, and none counts twice.
    private func collect(
        from start: Int, buffered: (client: Int, backend: Int), _ done: @escaping (MetricSet) -> Void
    ) {
        var buffered = buffered
        let end = min(start + Self.sessionsPerTurn, sessions.count)
        for index in min(start, end)..<end {
            sessions[index].putInMetrics()
            let more = sessions[index].bufferedBytes
            buffered.client += more.client
            buffered.backend += more.backend
        }
        guard end == sessions.count else {
            return loop.nextTurn { [self] in collect(from: end, buffered: buffered, done) }
        }
        feeds.putInMetrics()
        done(complete(metrics.snapshot, buffered))
    }

    private func complete(_ counted: MetricSet, _ buffered: (client: Int, backend: Int)) -> MetricSet {
        var all = counted
        all.add(.bufferedBytes, ["client"], number: Double(buffered.client))
        all.add(.bufferedBytes, ["backend"], number: Double(buffered.backend))
        all.add(.clientConnections, number: Double(clients.count))
        all.add(.compressionMemory, number: Double(contextMemory.used))
        feeds.write(to: &all)
        for upstream in upstreams.values {
            for backend in upstream.backends {
                all.add(.poolIdle, [backend.name], number: Double(backend.pool?.idleCount ?? 0))
                guard let pool = backend.multiplexPool else { continue }
                all.add(.multiplexConnections, [backend.name], number: Double(pool.count))
                all.add(.multiplexStreams, [backend.name], number: Double(pool.carried))
            }
        }
        return all
    }
}
