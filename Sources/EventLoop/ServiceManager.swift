internal import CLinux

/// The service manager that started the process, as systemd specifies its two sides: sockets passed at start
/// (`sd_listen_fds(3)`) and datagrams about our state (`sd_notify(3)`).
package enum ServiceManager {
    /// The first descriptor that is passed.
    private static let firstDescriptor: Int32 = 3

    /// The descriptors passed to this process and to no other.
    package static func listenDescriptors(_ environment: [String: String]) -> [Int32] {
        guard let process = environment["LISTEN_PID"].flatMap(Int32.init), process == getpid(),
            let count = environment["LISTEN_FDS"].flatMap(Int32.init), (1...1024).contains(count)
        else { return [] }
        return (firstDescriptor..<firstDescriptor + count).map { $0 }
    }

    /// Sends assignments such as `READY=1` to the address in `NOTIFY_SOCKET`; without one, or when it can't be reached,
    /// nothing happens: a service must not fail for want of a listener.
    package static func notify(_ assignments: [String], socket name: String?) {
        guard let name, !name.isEmpty else { return }
        let text = Array(assignments.joined(separator: "\n").utf8)
        _ = unsafe trunkline_notify(name, text, text.count)
    }
}
