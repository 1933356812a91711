import BasicContainers
import WebSocketProtocol

enum Frames {
    /// Frames are the same however the bytes are cut, and a reader never goes backwards.
    static func check(_ bytes: [UInt8]) -> String? {
        let (whole, parts) = halves(bytes)
        for fromClient in [true, false] {
            let once = read([whole], fromClient)
            let twice = read(parts, fromClient)
            if once != twice { return "whole: \(once), in parts: \(twice)" }
        }
        return nil
    }

    /// What a reader makes of the bytes: header facts and payload, and how it ended.
    private static func read(_ parts: [[UInt8]], _ fromClient: Bool) -> [String] {
        var reader = FrameReader(
            fromClient: fromClient, limits: FrameLimits(frame: 1000, message: 2000, fragments: 10),
            allowsCompression: true)
        var seen: [String] = []
        var payload: [UInt8] = []
        for part in parts {
            var position = 0
            do throws(ProtocolViolation) {
                while let slice = try reader.next(part.span, from: &position) {
                    payload += part[slice.payload]
                    guard slice.endsFrame else { continue }
                    seen.append("\(slice.header.first) \(slice.header.payloadLength) \(payload)")
                    if payload.count != slice.header.payloadLength { seen.append("lost bytes") }
                    payload = []
                }
            } catch {
                return seen + ["\(error)"]
            }
        }
        return seen
    }
}

enum Text {
    /// The validator agrees with the standard library, however the bytes are cut.
    static func check(_ bytes: [UInt8]) -> String? {
        let (whole, parts) = halves(bytes)
        let wanted = String(validating: whole, as: UTF8.self) != nil
        for cut in [[whole], parts] {
            var validator = UTF8Validator()
            var isText = true
            for part in cut where isText { isText = validator.accept(part.span) }
            let found = isText && validator.isComplete
            if found != wanted { return "validator says \(found), the standard library \(wanted)" }
        }
        return nil
    }
}
