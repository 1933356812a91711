internal import BasicContainers
internal import WebSocketProtocol

// How a message of ours gets between those of a session: only where one has ended and none has begun (RFC 6455, 5.4).
extension Session {
    func say(_ text: [UInt8]) -> Bool {
        guard ending == nil, client.takesData, !client.isMidFrame, !backend.frames.isMidMessage,
            !backend.transit.isTransformed, backend.pending == nil
        else { return false }
        client.sendControl(.text, text)
        return true
    }
}

extension Subscriber {
    func say(_ text: [UInt8]) -> Bool {
        guard ending == nil, leg.takesData, underWay == nil else { return false }
        leg.sendControl(.text, text)
        return true
    }
}
