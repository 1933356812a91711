import HTTPProtocol

/// Reads streams of requests, one a line in hexadecimal, and says for each which requests it holds, as the proxy reads
/// them: `method target body` in hexadecimal, separated by commas, and after a blank `end`, or `head` or `body` where
/// that is not complete, or the error.
@main
enum HeadCheck {
    static func main() {
        while let line = readLine() { print(verdict(bytes(line))) }
    }

    private static func bytes(_ line: String) -> [UInt8] {
        let digits = line.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func verdict(_ bytes: [UInt8]) -> String {
        var requests: [String] = []
        var position = 0
        var state = "end"
        do {
            while position < bytes.count {
                var parser = RequestHeadParser(limits: HeadLimits())
                guard let (head, used) = try parser.feed(bytes.span.extracting(position..<bytes.count)) else {
                    state = "head"
                    break
                }
                position += used
                var reader = BodyReader(try head.bodyFraming)
                var body: [UInt8] = []
                while let piece = try reader.next(bytes.span, from: &position) {
                    if case .data(let range) = piece { body += bytes[range] }
                }
                requests.append("\(hex(head.method.utf8)) \(hex(head.target.text.utf8)) \(hex(body))")
                guard reader.isComplete else {
                    state = "body"
                    break
                }
                if !head.keepsAlive { break }
            }
        } catch let error as HeadError {
            state = error.reason
        } catch let error as BodyError {
            state = error.reason
        } catch {
            state = "\(error)"
        }
        return requests.joined(separator: ",") + "|" + state
    }
}
