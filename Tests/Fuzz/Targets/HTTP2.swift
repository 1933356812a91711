import BasicContainers
import HTTP2Protocol

/// A connection of ours whose peer sends any frames, while its owner does any of what it may.
///
/// An input is a list of steps, so that lengths need not be found by chance: four bytes `kind a b count`, and `count`
/// bytes of payload. A kind below 128 is a frame of that type with flags `a` on stream `b`; 128 is the payload as it
/// is; those above it are the owner's doing.
enum HTTP2 {
    static func checkServer(_ bytes: [UInt8]) -> String? { check(.server, bytes) }
    static func checkClient(_ bytes: [UInt8]) -> String? { check(.client, bytes) }

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// The owner is told the same however the frames are cut, and of each stream its end, once; what is sent is whole
    /// frames.
    private static func check(_ side: HTTP2Side, _ bytes: [UInt8]) -> String? {
        guard let habits = bytes.first else { return nil }
        let input = Array(bytes.dropFirst())
        var runs: [Run] = []
        for cut in [Int.max, 1 + Int(habits >> 2)] {
            guard let run = Run(side, consumesAtOnce: habits & 1 == 1, cut: cut) else { return "no session" }
            run.follow(
                side == .server ? preface + frame(4, 0, 0, []) : frame(4, 0, 0, [0, 8, 0, 0, 0, 1]), input)
            if let problem = run.finish() { return problem }
            runs.append(run)
        }
        // The library counts reads of a CONTINUATION frame's header, not frames.
        if runs.contains(where: { $0.error == .abuse(.continuations) }) { return nil }
        // The events of a piece that ends in an error may have been told or not.
        guard runs[0].error == nil, runs[1].error == nil else {
            return runs[0].error == runs[1].error ? nil : "\(runs[0].error as Any) or \(runs[1].error as Any)"
        }
        return runs[0].told == runs[1].told ? nil : "\(runs[0].told) or \(runs[1].told)"
    }

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream]
            + payload
    }

    /// One connection and what becomes of it.
    private final class Run {
        let session: HTTP2Session
        let peer: HTTP2Peer
        private let cut: Int
        private var output: [UInt8] = []
        private(set) var error: HTTP2Error?
        /// What the owner was told before the connection ended.
        private(set) var told: [String] = []
        private var now: UInt64 = 0

        init?(_ side: HTTP2Side, consumesAtOnce: Bool, cut: Int) {
            let options = HTTP2Options(
                streamWindow: 1000, connectionWindow: 65_535, heldBytes: 2000, maxStreams: 4,
                maxHeaderList: 300,
                enablesConnect: true, abuse: HTTP2AbuseLimits(resets: 5, controlFrames: 20, emptyFrames: 10))
            guard let session = try? HTTP2Session(side, options, buffers: HTTP2Buffers(), at: 0) else {
                return nil
            }
            self.session = session
            self.cut = cut
            peer = HTTP2Peer(consumesAtOnce: consumesAtOnce)
            session.receiver = peer
            guard side == .client else { return }
            open("GET", ends: true)
            open("POST", ends: false)
            open("CONNECT", ends: false)
        }

        private func open(_ method: String, ends: Bool) {
            let told = HTTP2Peer.Told(peer)
            let head = HTTP2RequestHead(
                method: method, scheme: "http", authority: "a", path: "/",
                protocolName: method == "CONNECT" ? "websocket" : nil, fields: HTTP2Fields(["x": "y"]))
            told.stream = session.open(head, endsStream: ends, receiver: told)
            // One that was never opened is told no end.
            if told.stream == nil { told.streamClosed(.refusedStream) }
        }

        /// Takes the steps one after the other, as far as the connection goes.
        func follow(_ first: [UInt8], _ input: [UInt8]) {
            give(first)
            var at = 0
            while at + 4 <= input.count, error == nil {
                let count = min(Int(input[at + 3]), input.count - at - 4)
                let payload = Array(input[at + 4..<at + 4 + count])
                if input[at] > 128 {
                    act(input[at], input[at + 1], input[at + 2], payload)
                } else if input[at] == 128 {
                    give(payload)
                } else {
                    give(HTTP2.frame(input[at], input[at + 1], input[at + 2], payload))
                }
                at += 4 + count
            }
        }

        private func give(_ bytes: [UInt8]) {
            var start = 0
            while start < bytes.count, error == nil {
                let end = cut < bytes.count - start ? start + cut : bytes.count
                var part = Array(bytes[start..<end])
                var span = part.mutableSpan
                do throws(HTTP2Error) {
                    try session.receive(&span, at: now)
                } catch {
                    self.error = error
                }
                start = end
            }
        }

        private func act(_ kind: UInt8, _ size: UInt8, _ which: UInt8, _ payload: [UInt8]) {
            guard kind < 140 else { return takeOutput(most: 1 + Int(size) * 16) }
            let told = peer.streams.isEmpty ? nil : peer.streams[Int(which) % peer.streams.count]
            switch kind {
            case 129: told?.stream?.write([UInt8](repeating: which, count: Int(size) * 16).span)
            case 130: told?.stream?.finish(trailers: size > 127 ? HTTP2Fields(["t": "v"]) : nil)
            case 131: told?.stream?.reset(HTTP2Code(UInt32(size)))
            case 132: told?.consume(Int(size))
            case 133: told?.stream?.growWindow(to: Int(size) * 100)
            case 134 where session.side == .server: told?.stream?.inform(HTTP2ResponseHead(status: 103))
            case 135 where session.side == .server:
                guard told?.mayAnswer() == true else { return }
                let head = HTTP2ResponseHead(
                    status: 200 + Int(size), fields: HTTP2Fields(["x": String(which)]))
                told?.stream?.respond(head, endsStream: size > 127)
            case 135: open(size > 127 ? "GET" : "CONNECT", ends: size > 127)
            case 136: session.ping()
            case 137: session.announceEnd()
            case 138: session.refuseStreams()
            case 139: now += UInt64(size) << 26
            default: break
            }
        }

        private func takeOutput(most: Int) {
            var more = UniqueArray<UInt8>()
            do throws(HTTP2Error) {
                try session.takeOutput(into: &more, most: most)
            } catch {
                self.error = error
            }
            for index in 0..<more.count { output.append(more[index]) }
        }

        /// Ends the connection. Returns what was wrong with it.
        func finish() -> String? {
            takeOutput(most: 1 << 20)
            // The end of the connection comes to all streams in no order.
            told = peer.eventsInOrder
            session.end(.cancel, .lost("connection ended"))
            if let problem = peer.problem { return problem }
            if session.streamCount != 0 { return "streams outlive their connection" }
            if peer.closed != peer.streams.count {
                return "\(peer.closed) of \(peer.streams.count) ends were told"
            }
            return wholeFrames
        }

        private var wholeFrames: String? {
            var at = session.side == .client ? HTTP2.preface.count : 0
            guard session.side == .server || output.starts(with: HTTP2.preface) else { return "no preface" }
            while at + 9 <= output.count {
                let length = Int(output[at]) << 16 | Int(output[at + 1]) << 8 | Int(output[at + 2])
                if length > 16_384 { return "a frame of \(length) bytes" }
                at += 9 + length
            }
            return at == output.count ? nil : "half a frame was sent"
        }
    }
}
