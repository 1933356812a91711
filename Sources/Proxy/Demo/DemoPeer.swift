internal import BasicContainers
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// One WebSocket of a demo backend, from its handshake on.
final class DemoPeer: StreamHandler {
    private static let limits = FrameLimits(frame: 1 << 20, message: 1 << 20)

    private let socket: StreamSocket
    private let backend: DemoBackend
    private var parser = RequestHeadParser(limits: HeadLimits())
    private var frames = FrameReader(fromClient: true, limits: DemoPeer.limits, allowsCompression: false)
    private var control = ControlPayload()
    private var message: [UInt8] = []
    private var opcode = Opcode.text
    private var isOpen = false
    private(set) var path = ""
    var name: String?

    init(_ socket: StreamSocket, backend: DemoBackend) {
        self.socket = socket
        self.backend = backend
    }

    func start() {
        socket.handler = self
        socket.resumeReading()
    }

    func send(_ text: String) { send(Array(text.utf8), .text) }

    func send(_ payload: [UInt8], _ opcode: Opcode) {
        // A peer that takes nothing is not waited for.
        guard isOpen || opcode == .close, socket.queuedBytes < 1 << 20 else { return }
        var frame = UniqueArray<UInt8>(minimumCapacity: payload.count + FrameHeader.largestSize)
        FrameWriter.append(opcode, fin: true, payload: payload.span, maskingKey: nil, to: &frame)
        socket.send(frame.span)
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        if isOpen { return readFrames(&bytes, from: 0) }
        do throws(HeadError) {
            guard let (head, used) = try parser.feed(bytes.span) else { return }
            guard case .upgrade(let request) = ServerHandshake.judge(head) else {
                socket.send(Refusal(.upgradeRequired).response(isToHead: false).span)
                return end()
            }
            guard Self.isSameOrigin(head.fields) else {
                let refusal = HTTPResponse(
                    status: 403, body: "the demo talks to its own page only\n", contentType: "text/plain",
                    keepsAlive: false)
                socket.send(refusal.encoded.span)
                return end()
            }
            path = head.target.path
            socket.send(
                ServerHandshake.answer(
                    to: request, subprotocol: request.subprotocols.names.first, extensions: nil,
                    backendFields: HeaderFields()
                ).span)
            isOpen = true
            backend.opened(self)
            readFrames(&bytes, from: used)
        } catch {
            end()
        }
    }

    /// A browser's page says where it comes from; what is no browser says nothing (RFC 6455, 10.2).
    static func isSameOrigin(_ fields: HeaderFields) -> Bool {
        guard let origin = fields.first("origin") else { return true }
        guard let host = fields.first(.host) else { return false }
        return origin.lowercased() == "https://" + host.lowercased()
    }

    private func readFrames(_ bytes: inout MutableSpan<UInt8>, from start: Int) {
        var position = start
        do throws(ProtocolViolation) {
            while isOpen, let slice = try frames.next(bytes.span, from: &position) {
                if slice.header.opcode.isControl {
                    readControl(bytes.span.extracting(slice.payload), slice)
                } else {
                    readData(&bytes, slice)
                }
            }
        } catch {
            send(ClosePayload(error.closeCode, error.reason).encoded, .close)
            end()
        }
    }

    private func readControl(_ payload: Span<UInt8>, _ slice: FrameSlice) {
        if slice.beginsFrame { control.removeAll() }
        control.append(payload, of: slice)
        guard slice.endsFrame else { return }
        if slice.header.opcode == .ping { send(control.bytes, .pong) }
        if slice.header.opcode == .close {
            send(control.bytes, .close)
            end()
        }
    }

    private func readData(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice) {
        if slice.beginsMessage {
            message = []
            opcode = slice.header.opcode
        }
        applyMask(&bytes, in: slice.payload, key: slice.header.maskingKey, offset: slice.payloadOffset)
        for index in slice.payload { message.append(bytes[index]) }
        guard slice.endsMessage else { return }
        let whole = message
        message = []
        backend.received(whole, opcode: opcode, from: self)
    }

    private func end() {
        isOpen = false
        socket.finish()
    }

    private func gone() {
        isOpen = false
        socket.close()
        backend.closed(self)
    }

    func streamConnected() {}
    func streamFlushed() {}
    func streamEnded() { gone() }
    func streamFailed(_ error: SystemError) { gone() }
}
