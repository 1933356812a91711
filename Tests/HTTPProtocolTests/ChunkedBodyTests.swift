import Testing

@testable import HTTPProtocol

/// Reads a chunked body cut in two; gives its content, its trailers, and how many bytes are left behind it.
private func read(
    _ text: String, cutAt cut: Int, toleratesBlanks: Bool = false
) throws(BodyError) -> (String, HeaderFields?, Int) {
    let bytes = Array(text.utf8)
    var body = ChunkedBody(toleratesBlanks: toleratesBlanks)
    var content: [UInt8] = []
    for (index, part) in [bytes[..<cut], bytes[cut...]].map(Array.init).enumerated() {
        var position = 0
        while let piece = try body.next(part.span, from: &position) {
            switch piece {
            case .data(let range): content += part[range]
            case .end(let trailers):
                let left = part.count - position + (index == 0 ? bytes.count - cut : 0)
                return (String(decoding: content, as: UTF8.self), trailers, left)
            }
        }
    }
    return (String(decoding: content, as: UTF8.self), nil, 0)
}

struct ChunkedBodyTests {
    static let good =
        "5\r\nhello\r\n00A;name=\"v;x\"\r\n0123456789\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\nNEXT"

    @Test(arguments: 0...good.utf8.count)
    func itReadsTheSameAtEverySplit(cut: Int) throws {
        let (content, trailers, left) = try read(Self.good, cutAt: cut)
        #expect(content == "hello0123456789")
        #expect(trailers?.list.map(\.name) == ["X-Sum"])
        #expect(left == 4)
    }

    @Test(arguments: [
        "\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n", "5\nhello\r\n", "5\rhello", "0x5\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "-1\r\n", "5_0\r\n", "g\r\n", "1000000000000000\r\n", ";a\r\n", "5;a\nb\r\n", "5;\r\nhello\r\n",
        "5; a\r\n", "5;\u{E9}\r\n", "5;a\u{0}\r\n",
        "5\r\nhelloX", "5\r\nhello\n", "5\r\nhello\rX", "0\r\n X: 1\r\n\r\n", "0\r\nX : 1\r\n\r\n",
        "0\r\nX: 1\n\r\n",
        "0\r\nX\u{0}: 1\r\n\r\n",
    ])
    func itRefusesWhatCouldBeReadInTwoWays(text: String) {
        for cut in 0...text.utf8.count {
            #expect(throws: BodyError.self) { try read(text, cutAt: cut) }
        }
    }

    /// RFC 9112, 7.1.1: bad whitespace.
    @Test func blanksRoundABackendsSizesAreRemoved() throws {
        let text = "5   \r\nhello\r\nA \t; name = \"v\"\r\n0123456789\r\n0 \r\nX-Sum: 1\r\n\r\nNEXT"
        for cut in 0...text.utf8.count {
            let (content, trailers, left) = try read(text, cutAt: cut, toleratesBlanks: true)
            #expect(content == "hello0123456789" && trailers?.count == 1 && left == 4)
        }
        for bad in [" 5\r\n", "5 5\r\n", "5 \nhello", "5 ;\r\n", "5 ; \r\n", "5\u{B}\r\n"] {
            #expect(throws: BodyError.self) { try read(bad, cutAt: 1, toleratesBlanks: true) }
        }
        let many = String(repeating: "1\(String(repeating: " ", count: 60))\r\nx\r\n", count: 200)
        #expect(try read(many, cutAt: 99, toleratesBlanks: true).0.utf8.count == 200)
        #expect(throws: BodyError.badChunkSize) {
            try read("5" + String(repeating: " ", count: 99) + "\r\n", cutAt: 0, toleratesBlanks: true)
        }
    }

    @Test func endlessExtensionsAreRefused() {
        #expect(throws: BodyError.badChunkExtension) {
            try read("5;" + String(repeating: "a", count: 5000) + "\r\n", cutAt: 0)
        }
    }

    @Test func whatIsWrittenIsRead() throws {
        var trailers = HeaderFields()
        trailers.append("X-Sum", "1")
        let text = String(decoding: ChunkedBody.sizeLine(20), as: UTF8.self)
        #expect(text == "14\r\n")
        let end = String(decoding: ChunkedBody.end(trailers: trailers), as: UTF8.self)
        #expect(end == "0\r\nX-Sum: 1\r\n\r\n")
        #expect(try read(text + String(repeating: "x", count: 20) + "\r\n" + end, cutAt: 7).1 == trailers)
    }
}
