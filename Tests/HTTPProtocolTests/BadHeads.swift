import HTTPProtocol
import Testing

/// A request head that must be refused.
struct BadHead: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let error: HeadError
    let status: Int

    var testDescription: String { name }

    init(_ name: String, _ text: String, _ error: HeadError, _ status: Int = 400) {
        self.init(name, bytes: Array(text.utf8), error, status)
    }

    init(_ name: String, bytes: [UInt8], _ error: HeadError, _ status: Int = 400) {
        self.name = name
        self.bytes = bytes
        self.error = error
        self.status = status
    }

    /// One bad field line in an otherwise good request.
    static func field(_ name: String, _ line: String, _ error: HeadError) -> BadHead {
        BadHead(name, "GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n", error)
    }

    /// One bad target in an otherwise good request.
    static func target(_ name: String, _ target: String, _ error: HeadError = .badTarget) -> BadHead {
        BadHead(name, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", error)
    }

    static let all = lines + firstLines + targets + hosts + framings

    private static let lines = [
        BadHead("bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
        BadHead("bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
        BadHead("bare LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
        field("bare LF in a name", "X\nY: b", .bareLineFeed),
        BadHead("bare LF first", "\nGET / HTTP/1.1\r\n", .bareLineFeed),
        field("bare CR in a value", "X: a\rb", .bareCarriageReturn),
        BadHead("bare CR in the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", .bareCarriageReturn),
        BadHead("CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", .bareCarriageReturn),
        field("folding by a blank", "X: a\r\n b", .lineFolding),
        field("folding by a tab", "X: a\r\n\tb", .lineFolding),
        BadHead("blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .lineFolding),
        field("NUL in a value", "X: a\0b", .controlByte),
        field("escape in a value", "X: a\u{1B}b", .controlByte),
        field("DEL in a value", "X: a\u{7F}b", .controlByte),
        field("NUL in a name", "X\0: a", .badFieldName),
        field("blank before the colon", "X : a", .badFieldName),
        field("tab before the colon", "X\t: a", .badFieldName),
        field("empty name", ": a", .badFieldName),
        field("no colon", "nonsense", .badFieldName),
        field("slash in a name", "X/Y: a", .badFieldName),
        field("name beyond ASCII", "Xé: a", .badFieldName),
    ]

    private static let firstLines = [
        BadHead("empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequestLine),
        BadHead("blank first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", .badMethod),
        BadHead("NUL first", "\0", .badMethod),
        BadHead("TLS record", bytes: [0x16, 0x03, 0x01], .badMethod),
        BadHead("bracket in the method", "G[T / HTTP/1.1\r\n", .badMethod),
        BadHead("method only", "GET\r\n", .badRequestLine),
        BadHead("no version", "GET /\r\n", .badRequestLine),
        BadHead("two blanks", "GET  / HTTP/1.1\r\n", .badTarget),
        BadHead("two blanks before the version", "GET /  HTTP/1.1\r\n", .badRequestLine),
        BadHead("blank after the version", "GET / HTTP/1.1 \r\n", .badRequestLine),
        BadHead("tab as separator", "GET\t/ HTTP/1.1\r\n", .badMethod),
        BadHead("lower-case version", "GET / http/1.1\r\n", .badRequestLine),
        BadHead("version without a minor", "GET / HTTP/1\r\n", .badRequestLine),
        BadHead("long minor", "GET / HTTP/1.10\r\n", .badRequestLine),
        BadHead("another protocol", "GET / HTCP/1.1\r\n", .badRequestLine),
        BadHead("HTTP/1.2", "GET / HTTP/1.2\r\n", .badVersion, 505),
        BadHead("HTTP/0.9", "GET / HTTP/0.9\r\n", .badVersion, 505),
        BadHead("HTTP/2 preface", "PRI * HTTP/2.0\r\n", .badVersion, 505),
    ]

    private static let targets = [
        target("blank in the target", "/a b", .badRequestLine),
        target("fragment", "/a#b"),
        target("target beyond ASCII", "/é"),
        target("control byte in the target", "/a\u{1}"),
        target("DEL in the target", "/a\u{7F}"),
        target("asterisk form", "*"),
        target("authority form", "a:443"),
        target("relative target", "a/b"),
        target("unknown scheme", "ftp://a/"),
        target("authority with user", "http://u@a/", .badTarget),
        target("authority with two hosts", "http://a,b/", .badTarget),
        target("no authority", "http:///", .badTarget),
        BadHead("tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .tunnel, 405),
    ]

    private static let hosts = [
        BadHead("no Host", "GET / HTTP/1.1\r\n\r\n", .missingHost),
        field("two Hosts", "Host: b", .duplicateHost),
        field("the same Host twice", "hOST: a", .duplicateHost),
        BadHead("two Hosts in one", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .badHost),
        BadHead("path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .badHost),
        BadHead("user in Host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .badHost),
        BadHead("letters as port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .badHost),
        BadHead("two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", .badHost),
        BadHead("open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .badHost),
        BadHead("bracket within", "GET / HTTP/1.1\r\nHost: a[::1]\r\n\r\n", .badHost),
        BadHead("text behind a bracket", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", .badHost),
        BadHead("Host beyond ASCII", "GET / HTTP/1.1\r\nHost: é\r\n\r\n", .badHost),
    ]

    private static let framings = [
        field("length and chunked", "Content-Length: 1\r\nTransfer-Encoding: chunked", .conflictingLengths),
        field("two lengths", "Content-Length: 1\r\nContent-Length: 2", .badContentLength),
        field("two lengths in one", "Content-Length: 1, 2", .badContentLength),
        field("signed length", "Content-Length: +1", .badContentLength),
        field("negative length", "Content-Length: -1", .badContentLength),
        field("hexadecimal length", "Content-Length: 0x1", .badContentLength),
        field("empty length", "Content-Length:", .badContentLength),
        field("length beyond 64 bits", "Content-Length: 9223372036854775808", .badContentLength),
        field("another encoding", "Transfer-Encoding: gzip, chunked", .badTransferEncoding),
        field(
            "chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .badTransferEncoding),
        field("nearly chunked", "Transfer-Encoding: xchunked", .badTransferEncoding),
        BadHead(
            "chunked in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            .badTransferEncoding),
    ]
}
