internal import EventLoop
internal import PerMessageDeflate
internal import Telemetry

extension Worker {
    /// How many sessions are looked at in one turn of the loop: a watching operator must not slow it down.
    private static let sessionsPerTurn = 256

    /// Takes a copy of all that this worker has counted; `done` comes some turns later.
    func collectMetrics(_ done: @escaping (MetricSet) -> Void) {
        collect(from: 0, SessionSums(), done)
    }

    /// What is added up over sessions.
    private struct SessionSums {
        var buffered = (client: 0, backend: 0)
        /// Those that hibernate, by upstream.
        var asleep: [String: Int] = [:]
        /// Those whose client is away, by route.
        var away: [String: Int] = [:]
    }

    /// Sessions may come and go between two turns: one that is missed is in the next copy, and none counts twice.
    private func collect(
        from start: Int, _ counted: SessionSums, _ done: @escaping (MetricSet) -> Void
    ) {
        var sums = counted
        let end = min(start + Self.sessionsPerTurn, sessions.count)
        for index in min(start, end)..<end {
            sessions[index].putInMetrics()
            let more = sessions[index].bufferedBytes
            sums.buffered.client += more.client
            sums.buffered.backend += more.backend
            if sessions[index].isAway { sums.away[sessions[index].route.name, default: 0] += 1 }
            if sessions[index].isAsleep { sums.asleep[sessions[index].upstreamName, default: 0] += 1 }
        }
        guard end == sessions.count else {
            return loop.nextTurn { [self] in collect(from: end, sums, done) }
        }
        feeds.putInMetrics()
        done(complete(metrics.snapshot, sums))
    }

    private func complete(_ counted: MetricSet, _ sums: SessionSums) -> MetricSet {
        var all = counted
        all.add(.bufferedBytes, ["client"], number: Double(sums.buffered.client))
        all.add(.bufferedBytes, ["backend"], number: Double(sums.buffered.backend))
        all.add(.clientConnections, number: Double(clients.count))
        all.add(.compressionMemory, number: Double(contextMemory.used))
        feeds.write(to: &all)
        for (name, count) in sums.asleep { all.add(.continuityAsleep, [name], number: Double(count)) }
        for (name, count) in sums.away { all.add(.resumeAway, [name], number: Double(count)) }
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
