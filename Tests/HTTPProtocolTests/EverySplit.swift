import HTTPProtocol

/// What a parser made of a head: the same whatever pieces it came in.
enum Outcome<Head: Equatable>: Equatable {
    /// The head, and the bytes left behind it.
    case complete(Head, rest: Int)
    case failed(HeadError)
    case incomplete
}

func requestOutcome(_ pieces: [[UInt8]], _ limits: HeadLimits = HeadLimits()) -> Outcome<RequestHead> {
    var parser = RequestHeadParser(limits: limits)
    return outcome(pieces) { (bytes) throws(HeadError) in try parser.feed(bytes.span) }
}

func responseOutcome(_ pieces: [[UInt8]], _ limits: HeadLimits = HeadLimits()) -> Outcome<ResponseHead> {
    var parser = ResponseHeadParser(limits: limits)
    return outcome(pieces) { (bytes) throws(HeadError) in try parser.feed(bytes.span) }
}

private func outcome<Head>(
    _ pieces: [[UInt8]], feed: ([UInt8]) throws(HeadError) -> (Head, Int)?
) -> Outcome<Head> {
    for (index, piece) in pieces.enumerated() {
        do throws(HeadError) {
            guard let (head, used) = try feed(piece) else { continue }
            let later = pieces[(index + 1)...].reduce(0) { $0 + $1.count }
            return .complete(head, rest: piece.count - used + later)
        } catch {
            return .failed(error)
        }
    }
    return .incomplete
}

/// The bytes whole, cut in two at every place, and one by one.
func everySplit(_ bytes: [UInt8]) -> [[[UInt8]]] {
    var splits = [[bytes], bytes.map { [$0] }]
    for cut in 0...bytes.count { splits.append([Array(bytes[..<cut]), Array(bytes[cut...])]) }
    return splits
}

func fields(_ pairs: (String, String)...) -> HeaderFields {
    var fields = HeaderFields()
    for (name, value) in pairs { fields.append(name, value) }
    return fields
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
