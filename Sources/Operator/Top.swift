internal import Configuration
internal import EventLoop

/// Why `trunkline top`, or another command that asks an admin listener, can't go on.
package struct TopError: Error {
    /// One line.
    package let reason: String
}

/// `trunkline top`: what a running proxy does, read from its admin listener, in a terminal of any size.
///
/// The picture takes the terminal's other screen and gives it back; `q` and Ctrl-C end it. Without a terminal, or when
/// it is asked to, it prints the picture once.
package final class Top: TimerTarget {
    private let address: Address
    private let target: SocketAddress
    private let interval: Duration
    private let token: String?
    private let loop: EventLoop
    private var terminal: Terminal?
    private var signals: SignalSource?
    private var fetch: AdminFetch?
    private var last: Scrape?
    private var failure: String?

    /// Shows until somebody ends it; ends the process with 0, or with 1 when nobody answers in the beginning.
    ///
    /// - Parameters:
    ///   - admin: an address as the configuration spells it.
    ///   - interval: a duration as the configuration spells it.
    ///   - token: the file that the admin listener's `token` names; nil = none.
    package static func run(
        admin: String, interval: String, token: String? = nil, once: Bool
    ) throws(TopError) -> Never {
        let (address, target) = try Self.target(admin)
        guard let pause = Quantity.duration(interval), pause >= .milliseconds(100) else {
            throw TopError(
                reason: "'\(interval)' is no interval, expected a duration of 100ms or more such as 2s")
        }
        let word = try token.map { (file) throws(TopError) in try read(file) }
        do throws(SystemError) {
            let top = try Top(address, target, every: pause, token: word)
            try top.start(once: once || !Terminal.isThere)
            top.loop.run()
        } catch {
            throw TopError(reason: "cannot start: \(error)")
        }
        Machine.exit(0)
    }

    /// Where an admin listener is, from what the command line says.
    static func target(_ admin: String) throws(TopError) -> (Address, SocketAddress) {
        let address = AddressSyntax.parse(admin)
        let target =
            switch address {
            case .ip(let ip, let port)?: SocketAddress(ip: ip, port: port)
            case .unix(let path)?: SocketAddress(unixPath: path)
            case .name?, nil: nil as SocketAddress?
            }
        guard let address, let target else {
            throw TopError(
                reason:
                    "'\(admin)' is no address, expected one such as 127.0.0.1:9901 or unix:/run/admin.sock")
        }
        return (address, target)
    }

    /// The token in a file.
    static func read(_ file: String) throws(TopError) -> String {
        do throws(SystemError) {
            let text = String(decoding: try FileContents.read(file), as: UTF8.self)
            return text.split(whereSeparator: \.isWhitespace).first.map { String($0) } ?? ""
        } catch {
            throw TopError(reason: "cannot read the token '\(file)': \(error.reason)")
        }
    }

    private init(
        _ address: Address, _ target: SocketAddress, every interval: Duration, token: String?
    ) throws(SystemError) {
        self.token = token
        self.address = address
        self.target = target
        self.interval = interval
        loop = try EventLoop()
        loop.owner = self
    }

    private func start(once: Bool) throws(SystemError) {
        if !once {
            signals = try SignalSource([.terminate, .hangUp], on: loop) { [unowned self] _ in end(0) }
        }
        isOnce = once
        ask()
    }

    private var isOnce = false

    /// Looks again.
    package func timerFired(_ kind: UInt8) { ask() }

    private func ask() {
        fetch = AdminFetch("/metrics", from: target, token: token, on: loop) { [unowned self] result in
            fetch = nil
            switch result {
            case .success(let text): took(Scrape(text, at: EventLoop.clock))
            case .failure(let error): failed(error)
            }
        }
    }

    private func took(_ scrape: Scrape) {
        let before = last
        last = scrape
        failure = nil
        guard let before else {
            // Rates need a second look; the first one says that somebody is there.
            if !isOnce { openTerminal() }
            draw(TopView(before: scrape, now: scrape, address: address.description))
            return askAgain()
        }
        draw(TopView(before: before, now: scrape, address: address.description), isLast: isOnce)
        askAgain()
    }

    private func failed(_ error: FetchError) {
        guard terminal != nil else {
            Machine.say("trunkline top: \(error.words(from: address))", toError: true)
            return end(1)
        }
        show([TopLine(text: "no answer from \(address): \(error.reason)   (q ends)", style: .trouble)])
        askAgain()
    }

    private func askAgain() { _ = loop.schedule(self, kind: 0, after: interval) }

    // MARK: The screen

    private func openTerminal() {
        guard terminal == nil else { return }
        terminal = try? Terminal(on: loop) { [unowned self] key in
            if key == 3 || key == 4 || key == 113 || key == 81 { end(0) }
        }
        Machine.say("\u{1B}[?1049h\u{1B}[?25l")
    }

    private func draw(_ view: TopView, isLast: Bool = false) {
        guard !isOnce else {
            guard isLast else { return }
            for line in view.lines(columns: .max, rows: .max) { Machine.say(line.text) }
            return end(0)
        }
        let (columns, rows) = Terminal.size
        show(view.lines(columns: columns, rows: rows - 1))
    }

    /// Draws over what was there, line by line, so that nothing flickers.
    private func show(_ lines: [TopLine]) {
        let drawn = lines.map { line in
            let colour =
                switch line.style {
                case .plain: ""
                case .title: "\u{1B}[1m"
                case .heading: "\u{1B}[7m"
                case .trouble: "\u{1B}[31m"
                }
            return "\(colour)\(line.text)\u{1B}[0m\u{1B}[K"
        }
        Machine.say("\u{1B}[H" + drawn.joined(separator: "\n") + "\u{1B}[J")
    }

    private func end(_ status: Int32) {
        if let terminal {
            Machine.say("\u{1B}[?25h\u{1B}[?1049l")
            terminal.restore()
        }
        Machine.exit(status)
    }
}
