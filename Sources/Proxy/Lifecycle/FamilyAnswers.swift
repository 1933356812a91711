internal import Telemetry

/// What all processes that have sessions have done about an order, in one answer. Pure.
struct FamilyAnswers {
    /// Of the newest process.
    let own: AdminResponse
    /// Of those that linger.
    let others: [FamilyAnswer]
    /// Numbers of those that did not answer.
    let silent: [Int]

    /// The answer to whoever has given the order.
    ///
    /// - Parameter call: what was ordered.
    func merged(_ call: AdminCall) -> AdminResponse {
        if call.isOfOneSession { return ofOne }
        return own.counts.isEmpty ? words : counts
    }

    /// Only one of them can have the session.
    private var ofOne: AdminResponse {
        guard own.status == 404 else { return own }
        if let found = others.first(where: { $0.status != 404 }) { return found.response }
        guard !silent.isEmpty else { return own }
        return AdminResponse(504, own.body + silence)
    }

    private var counts: AdminResponse {
        let sums = own.counts.map { count in
            AdminCount(
                name: count.name, value: others.reduce(count.value) { $0 &+ $1.count(count.name) })
        }
        return .counting(
            sums,
            [
                ("processes", .array(others.map { .integer($0.process) })),
                ("silent", .array(silent.map { .integer($0) })),
            ])
    }

    /// Something that only an older configuration names is ordered there.
    private var words: AdminResponse {
        var body = own.body
        var status = own.status
        for other in others where other.status == 200 {
            body += "process \(other.process), which lingers: \(other.text)"
            if status == 404 { status = 200 }
        }
        return AdminResponse(status, body + silence)
    }

    private var silence: String {
        silent.map { "process \($0), which lingers, does not answer\n" }.joined()
    }
}

extension AdminCall {
    /// Whether it is for processes that linger, too.
    var reachesElders: Bool {
        switch self {
        case .status, .drain, .undrain, .wake, .sessions: true
        // What all processes have in common, or what only the one that accepts has; revocations are told as they stand.
        case .index, .health, .ready, .metrics, .reload, .certificatesReady, .renew, .revoke,
            .changeAccountKey,
            .revocations:
            false
        }
    }

    /// Whether it changes what a new process is told when it is started.
    var isHandedOver: Bool {
        switch self {
        case .drain, .undrain, .revocations(.add), .revocations(.remove): true
        default: false
        }
    }

    /// Whether only one process can carry it out.
    var isOfOneSession: Bool {
        switch self {
        case .sessions(.show), .sessions(.end), .sessions(.renew): true
        default: false
        }
    }

    /// The part of each of so many processes: a rate is for all of them together.
    func shared(by processes: Int) -> AdminCall {
        let part = { (rate: Int) in max(rate / max(processes, 1), 1) }
        switch self {
        case .drain(let selection, let rate): return .drain(selection, rate: part(rate))
        case .sessions(.close(let filter, let words, let rate)):
            return .sessions(.close(filter, words, rate: rate.map(part)))
        default: return self
        }
    }
}
