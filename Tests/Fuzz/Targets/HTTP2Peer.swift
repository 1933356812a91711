import BasicContainers
import HTTP2Protocol

/// The owner of one side of a connection: notes what it is told, and complains of what it must never be told.
final class HTTP2Peer: HTTP2SessionReceiver {
    let roundTrip: UInt64? = nil

    /// A stream as its owner sees it.
    final class Told: HTTP2StreamReceiver {
        unowned let peer: HTTP2Peer
        let number: Int
        weak var stream: HTTP2Stream?
        private(set) var unconsumed = 0
        private var hasEnded = false
        private var isClosed = false
        private var hasAnswered = false

        init(_ peer: HTTP2Peer) {
            self.peer = peer
            number = peer.streams.count
            peer.streams.append(self)
        }

        private func note(_ event: String, afterTheEnd: Bool = false) {
            if isClosed { peer.problem = "'\(event)' after the end of the stream" }
            if hasEnded, !afterTheEnd { peer.problem = "'\(event)' after the peer's end" }
            peer.events.append("\(number) \(event)")
        }

        /// True once: there is one final answer.
        func mayAnswer() -> Bool {
            defer { hasAnswered = true }
            return !hasAnswered
        }

        func streamAnswered(_ head: HTTP2ResponseHead) { note("answered \(head.status) \(head.fields.list)") }
        func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
            let data = bytes.indices.map { String(bytes[$0], radix: 16) + "," }.joined()
            unconsumed += bytes.count
            // However it is cut, it is the same data.
            if !hasEnded, !isClosed, peer.events.last?.hasPrefix("\(number) data") == true {
                peer.events[peer.events.count - 1] += data
            } else {
                note("data " + data)
            }
            // It is ours to change.
            for index in bytes.indices { bytes[index] = 0 }
            if peer.consumesAtOnce { consume(bytes.count) }
        }
        func consume(_ count: Int) {
            unconsumed -= min(count, unconsumed)
            stream?.consume(count)
        }
        func streamTrailers(_ fields: HTTP2Fields) { note("trailers \(fields.list)") }
        func streamEnded() {
            note("ended")
            hasEnded = true
        }
        func streamFlushed() { note("drained", afterTheEnd: true) }
        func streamClosed(_ code: HTTP2Code) {
            note("closed \(code)", afterTheEnd: true)
            isClosed = true
            peer.closed += 1
        }
    }

    let consumesAtOnce: Bool
    fileprivate(set) var events: [String] = []
    fileprivate(set) var streams: [Told] = []
    fileprivate(set) var closed = 0
    fileprivate(set) var problem: String?

    /// What does not depend on how the bytes are cut: of a frame that is longer than a declared length allows, the
    /// library hands on what came within it.
    var eventsInOrder: [String] {
        let declared = events.filter { $0.contains("content-length") }.map {
            $0.prefix { $0 != " " } + " data"
        }
        return events.filter { event in !declared.contains { event.hasPrefix($0) } }
    }

    init(consumesAtOnce: Bool) { self.consumesAtOnce = consumesAtOnce }

    func streamOpened(_ stream: HTTP2Stream, _ head: HTTP2RequestHead) {
        let told = Told(self)
        told.stream = stream
        stream.receiver = told
        events.append("\(told.number) opened \(stream.isTooLarge) \(head.block)")
    }
    func streamRefused() { events.append("refused") }
    func settingsReceived(_ settings: HTTP2PeerSettings) { events.append("\(settings)") }
    func goAwayReceived(lastStream: Int32, code: HTTP2Code) { events.append("goaway \(lastStream) \(code)") }
    func pongReceived() { events.append("pong") }
    func outputWaiting() {}
}

extension HTTP2RequestHead {
    fileprivate var block: String {
        "\(method) \(scheme ?? "-") \(authority ?? "-") \(path ?? "-") \(protocolName ?? "-") \(fields.list)"
    }
}
