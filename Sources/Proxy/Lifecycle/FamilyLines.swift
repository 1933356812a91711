internal import Access
internal import EventLoop
internal import HandedBytes

/// The lines between this process, those before it and the one after it; there are none before the first hand-over.
///
/// Every process has an inbox of its own that the later ones write to: clients that come back to its sessions. And all have
/// one together, which the newest reads and the others write to: clients for whom there is no session any more.
struct FamilyLines {
    fileprivate(set) var inbox: DescriptorInbox?
    /// To that, for those who come.
    fileprivate(set) var own: DescriptorLine?
    /// What is read while this process is the newest one.
    fileprivate(set) var back: DescriptorInbox?
    fileprivate(set) var backLine: DescriptorLine?
    /// As it was handed over; nothing is read of it before there are workers.
    fileprivate var inherited: Int32?
    /// A process before this one has not taken what is revoked; it may yet.
    fileprivate(set) var owesElders = false

    /// The descriptors that a new process is to get.
    var shared: [Int32] { [back?.number, backLine?.number, own?.number].compactMap { $0 } }
}

extension ProxyServer {
    /// What the next process is to know of this one and those before it.
    func leaveFamily() throws(SystemError) -> HandedState.Family {
        let own = try ownLine()
        if lines.back == nil {
            let (line, number) = try DescriptorLine.pair()
            lines.backLine = line
            lines.back = listen(number)
        }
        let family = state.family
        var elders = family.elders.map { HandedState.Elder(process: $0.process, line: $0.line.number) }
        elders.append(.init(process: family.process, line: own.number))
        return HandedState.Family(
            key: family.key, elders: elders,
            back: (lines.back?.number ?? -1, lines.backLine?.number ?? -1))
    }

    private func ownLine() throws(SystemError) -> DescriptorLine {
        if let line = lines.own { return line }
        let (line, number) = try DescriptorLine.pair()
        lines.inbox = listen(number)
        lines.own = line
        return line
    }

    private func listen(_ number: Int32) -> DescriptorInbox {
        DescriptorInbox(
            number, largest: max(Arrival.largest, HandedState.most), sockets: state.sockets, on: loop
        ) { [unowned self] memory, socket in arrived(memory, socket) }
    }

    /// Goes on as the newest of the processes that have left this.
    func take(_ family: HandedState.Family) {
        let elders = family.elders.compactMap { elder in
            DescriptorLine(inherited: elder.line).map {
                ProcessFamily.Elder(process: elder.process, line: $0)
            }
        }
        state.family.take(family.key, elders)
        guard let line = DescriptorLine(inherited: family.back.line),
            DescriptorInbox.takes(family.back.inbox)
        else { return }
        lines.backLine = line
        lines.inherited = family.back.inbox
    }

    /// The workers run: what comes back is taken.
    func openLines() {
        guard let number = lines.inherited else { return }
        lines.inherited = nil
        lines.back = listen(number)
    }

    /// Another process is the newest one.
    func leaveLines() {
        lines.back?.close()
        lines.back = nil
        state.family.newest = lines.backLine
    }

    private func arrived(_ memory: borrowing InheritedMemory, _ socket: MovedSocket?) {
        let listeners = current.listeners
        do throws(HandedStateError) {
            guard let socket else {
                return take(
                    try memory.read { bytes throws(HandedStateError) in try FamilyWord(reading: bytes) })
            }
            let arrival = try memory.read { bytes throws(HandedStateError) in
                try Arrival(reading: bytes, socket, listeners: listeners)
            }
            let mailbox = arrival.worker.flatMap { state.workers.mailbox($0) } ?? mailboxes.randomElement()
            mailbox?.post { loop in
                if let worker = loop.owner as? Worker { arrival.join(worker) }
            }
        } catch {
            logs.log.tell(.arrivalLost("\(error)"))
        }
    }

    private func take(_ word: FamilyWord) {
        switch word {
        case .state(let state): take(orders: state)
        case .order(let order): obey(order)
        case .answer(let answer): took(answer)
        }
    }

    // MARK: Revocations

    /// Sessions that go on in processes before this one are judged by what counts here. One that takes nothing now is told
    /// again each second (`owesElders`), always of all that counts.
    func tellElders() {
        let elders = state.family.elders
        guard !elders.isEmpty else { return lines.owesElders = false }
        var orders = HandedState()
        orders.revocations = revocations.all
        orders.tokenLife = state.tokenLives.longest
        let told = orders
        let left = elders.count {
            !$0.line.send(nil, at: loop.now, capacity: HandedState.most, told.write)
        }
        if left > 0, !lines.owesElders {
            logs.log.tell(.warned("a process that lingers does not take what was revoked: it is told again"))
        }
        lines.owesElders = left > 0
    }

    private func take(orders: HandedState) {
        let now = ProcessFacts.wallClock()
        revocations = RevocationList()
        for (revocation, until) in orders.revocations {
            _ = revocations.add(revocation, until: until, now: now)
        }
        let list = revocations
        onWorkers { _ = $0.adopt(list) }
    }
}
