internal import PerMessageDeflate
internal import WebSocketProtocol

extension ProtocolViolation {
    init(_ error: InflateError) {
        self =
            switch error {
            case .invalidData: .invalidCompressedData
            case .outOfMemory: .outOfMemory
            case .messageTooBig(let limit): .messageTooBig(limit: limit)
            }
    }
}
