internal import ASCII

/// PEM text taken apart (RFC 7468), strictly: what is cut or garbled is a complaint with its line, never the end of the
/// file. Text between blocks is allowed, as tools write it there.
package struct PEMText {
    /// One block.
    struct Block: Equatable {
        let label: String
        /// Where it begins, counted from 1.
        let line: Int
        /// Its place in the text, boundaries included.
        let bytes: Range<Int>
    }

    let blocks: [Block]

    /// Throws where a boundary is broken, or has no counterpart.
    init(_ text: [UInt8]) throws(TLSError) {
        var blocks: [Block] = []
        var open: (label: String, line: Int, start: Int)?
        var start = 0
        var number = 0
        while start < text.count {
            number += 1
            let end = text[start...].firstIndex(of: .lineFeed) ?? text.count
            let line = Self.trimmed(text[start..<end])
            if let label = try Self.label(line, "-----BEGIN ", number) {
                if let open { throw Self.unended(open.label, open.line) }
                open = (label, number, start)
            } else if let label = try Self.label(line, "-----END ", number) {
                guard let begun = open, begun.label == label else {
                    throw .setup("line \(number): 'END \(label)' without its beginning")
                }
                blocks.append(Block(label: label, line: begun.line, bytes: begun.start..<end))
                open = nil
            }
            start = end + 1
        }
        if let open { throw Self.unended(open.label, open.line) }
        self.blocks = blocks
    }

    private static func unended(_ label: String, _ line: Int) -> TLSError {
        .setup("line \(line): 'BEGIN \(label)' has no end: the text is cut or garbled")
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let last = line.last, last == .carriageReturn || last == .space || last == .tab {
            line.removeLast()
        }
        return line
    }

    /// The label of a boundary line; nil for another line.
    private static func label(
        _ line: ArraySlice<UInt8>, _ opening: StaticString, _ number: Int
    ) throws(TLSError) -> String? {
        let opening = Array("\(opening)".utf8)
        guard line.starts(with: opening) else { return nil }
        let rest = line.dropFirst(opening.count)
        guard rest.count > 5, rest.suffix(5).elementsEqual("-----".utf8) else {
            throw .setup("line \(number): a boundary that is cut or garbled")
        }
        return String(decoding: rest.dropLast(5), as: UTF8.self)
    }
}
