internal import EventLoop

/// Where a worker's searches wait for the answers of admission lines.
final class AdmissionDesk {
    /// The backend with which a place was taken; nil = choose again.
    typealias Answer = (BackendState?) -> Void

    private var waiting: [UInt64: Answer] = [:]

    func wait(_ id: UInt64, _ answer: @escaping Answer) { waiting[id] = answer }

    func forget(_ id: UInt64) { waiting[id] = nil }

    static func answer(_ id: UInt64, with backend: BackendState?, to mailbox: Mailbox) {
        mailbox.post { loop in
            if let answer = (loop.owner as? UpstreamContext)?.desk.waiting.removeValue(forKey: id) {
                answer(backend)
            } else {
                // It has left in the meantime: the place goes to the next.
                backend?.handshakeEnded()
            }
        }
    }
}
