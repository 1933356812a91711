internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

// How clients' messages are passed on to the backend: one after the other, each as fast as the backend takes it. Those who
// have the next ones wait, and are not read.
extension Feed {
    /// What is being passed on.
    struct Speech {
        let message: ClientMessage
        /// On which it was begun: it is not continued on another.
        let peer: WebSocketPeer
    }

    /// Bytes that may wait for the backend before the rest of a message is framed.
    private static let burst = 64 * 1024

    /// Whether a message may be passed on without delay; where there is no connection it may, and is lost.
    var takesMessages: Bool {
        guard speech == nil, let peer else { return speech == nil }
        return !peer.transport.isFull(beyond: route.limits.buffer)
    }

    /// Passes on a client's message that has come in full. Only while `takesMessages`.
    func say(_ message: ClientMessage) {
        guard let peer, peer.takesData else { return tally.forwarded(false) }
        speech = Speech(message: message, peer: peer)
        goOnSpeaking()
    }

    /// The backend has taken something.
    func goOnSpeaking() {
        guard let speech else { return }
        while !speech.peer.transport.isFull(beyond: min(Self.burst, route.limits.buffer)) {
            guard speech.peer === peer, speech.peer.takesData else { return breakOff() }
            var output = worker.scratch.take()
            var isLast: Bool?
            do throws(InflateError) {
                isLast = try speech.message.passOn(
                    maskingKey: worker.randomMask(), to: &output, scratch: worker.scratch)
            } catch {
                // It was sound when it came: only memory can lack.
                isLast = nil
            }
            speech.peer.pass(output.span)
            worker.scratch.release(output)
            guard let isLast else { return breakOff() }
            guard isLast else { continue }
            self.speech = nil
            return tally.forwarded(true)
        }
    }

    /// Half a message was passed on, and there is no more of it: only another connection makes that good.
    private func breakOff() {
        guard let broken = speech.take() else { return }
        tally.forwarded(false)
        if broken.peer === peer { lost("a client's message could not be completed") }
    }

    /// The connection is gone: what was under way is lost, and those who wait may speak.
    func fallSilent() {
        if speech.take() != nil { tally.forwarded(false) }
        worker.loop.nextTurn { [weak self] in self?.letSpeak() }
    }

    /// Lets those go on who wait with a message.
    func letSpeak() {
        for subscriber in subscribers where subscriber.client.isPaused {
            guard takesMessages else { return }
            subscriber.feedTakesMore()
        }
    }
}
