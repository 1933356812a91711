internal import Configuration
internal import EventLoop

extension ProxyConfiguration {
    /// How many sockets peers may have under this configuration.
    ///
    /// - Parameter descriptors: the process's limit.
    func socketLimits(descriptors: Int) -> SocketBudget.Limits {
        let loops = workers ?? Machine.usableProcessors
        // Of a loop: epoll, mailbox, its listeners; of the process: standard ones, logs, signals, files that are read.
        let fixed = 16 + loops * (2 + listeners.count)
        return SocketBudget.Limits(
            descriptors: descriptors, fixed: fixed, most: limits.clientConnections,
            sharesBackends: !upstreams.values.contains { $0.mode == .session })
    }
}
