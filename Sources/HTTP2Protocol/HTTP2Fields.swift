/// The fields of one header block in their order, as HPACK carries them: names in lower case, values as bytes
/// (RFC 9113, 8.2). Owns one buffer.
package struct HTTP2Fields: Equatable, Sendable {
    struct Line: Equatable, Sendable {
        var start: Int
        var middle: Int
        var end: Int
    }

    private(set) var bytes: [UInt8] = []
    private(set) var lines: [Line] = []

    /// Empty.
    package init() {}

    /// From names and values.
    package init(_ list: KeyValuePairs<String, String>) {
        for (name, value) in list { append(name, value) }
    }

    /// How many there are.
    package var count: Int { lines.count }
    /// As RFC 9113, 6.5.2 counts.
    package var listSize: Int { lines.reduce(0) { $0 + ($1.end - $1.start) + 32 } }

    /// Whether the fields are the same, whatever else is in the buffers.
    package static func == (a: HTTP2Fields, b: HTTP2Fields) -> Bool {
        a.count == b.count
            && (0..<a.count).allSatisfy { a.name($0) == b.name($0) && a.value($0) == b.value($0) }
    }

    /// Adds one at the end; the name is put in lower case.
    package mutating func append(_ name: String, _ value: String) { add(name.utf8, value.utf8) }

    /// Adds one at the end whose value is passed on as it came; the name is put in lower case.
    package mutating func append(_ name: String, _ value: [UInt8]) { add(name.utf8, value) }

    /// Adds one at the end; the name is put in lower case.
    package mutating func append(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) { add(name, value) }

    private mutating func add(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>) {
        makeRoom()
        let start = bytes.count
        bytes.append(contentsOf: name)
        let middle = bytes.count
        for index in start..<middle where (65...90).contains(bytes[index]) { bytes[index] |= 0x20 }
        bytes.append(contentsOf: value)
        lines.append(Line(start: start, middle: middle, end: bytes.count))
    }

    /// Few heads are smaller: what begins with nothing would be moved half a dozen times.
    private mutating func makeRoom() {
        guard lines.capacity == 0 else { return }
        bytes.reserveCapacity(256)
        lines.reserveCapacity(12)
    }

    /// Adds one as the library hands it over: its name is in lower case.
    mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        makeRoom()
        let start = bytes.count
        unsafe bytes.append(contentsOf: name)
        let middle = bytes.count
        unsafe bytes.append(contentsOf: value)
        lines.append(Line(start: start, middle: middle, end: bytes.count))
    }

    /// The name of one.
    package func name(_ index: Int) -> ArraySlice<UInt8> { bytes[lines[index].start..<lines[index].middle] }

    /// The value of one.
    package func value(_ index: Int) -> ArraySlice<UInt8> { bytes[lines[index].middle..<lines[index].end] }

    /// The first value of a name, in lower case; bytes that are not UTF-8 read as U+FFFD.
    package func first(_ name: String) -> String? {
        lines.indices.first { self.name($0).elementsEqual(name.utf8) }
            .map { String(decoding: value($0), as: UTF8.self) }
    }

    /// All fields as text, for tests and logs.
    package var list: [[String]] {
        lines.indices.map {
            [String(decoding: name($0), as: UTF8.self), String(decoding: value($0), as: UTF8.self)]
        }
    }

    /// Takes the pseudo-header fields away, which stand before all others (RFC 9113, 8.3). Their bytes stay in the buffer.
    mutating func takePseudo(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        let count = lines.firstIndex { bytes[$0.start..<$0.middle].first != 58 } ?? lines.count
        guard count > 0 else { return }
        for index in 0..<count { body(name(index), value(index)) }
        lines.removeFirst(count)
    }
}

/// Whether a name as it came is this one.
private func isName(_ name: ArraySlice<UInt8>, _ wanted: String) -> Bool {
    let (name, wanted) = (name.span, wanted.utf8.span)
    guard name.count == wanted.count else { return false }
    for index in name.indices where name[index] != wanted[index] { return false }
    return true
}

/// The head of a request (RFC 9113, 8.3.1; RFC 8441, 4).
package struct HTTP2RequestHead: Equatable, Sendable {
    /// `:method`
    package var method: String
    /// `:scheme`; absent on a plain CONNECT.
    package var scheme: String?
    /// `:authority`
    package var authority: String?
    /// `:path`; absent on a plain CONNECT.
    package var path: String?
    /// `:protocol` of an extended CONNECT.
    package var protocolName: String?
    /// The others.
    package var fields: HTTP2Fields

    /// From its parts.
    package init(
        method: String, scheme: String?, authority: String?, path: String?, protocolName: String? = nil,
        fields: HTTP2Fields = HTTP2Fields()
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.protocolName = protocolName
        self.fields = fields
    }

    /// nil without a method.
    init?(_ block: consuming HTTP2Fields) {
        var method: String?
        var (scheme, authority, path, protocolName): (String?, String?, String?, String?)
        block.takePseudo { name, value in
            let text = String(decoding: value, as: UTF8.self)
            switch name.count {
            case 5 where isName(name, ":path"): path = text
            case 7 where isName(name, ":method"): method = text
            case 7 where isName(name, ":scheme"): scheme = text
            case 9 where isName(name, ":protocol"): protocolName = text
            case 10 where isName(name, ":authority"): authority = text
            default: break
            }
        }
        guard let method else { return nil }
        self.init(
            method: method, scheme: scheme, authority: authority, path: path, protocolName: protocolName,
            fields: block)
    }

    var block: HTTP2Fields {
        var all = HTTP2Fields()
        all.append(":method", method)
        if let protocolName { all.append(":protocol", protocolName) }
        if let scheme { all.append(":scheme", scheme) }
        if let authority { all.append(":authority", authority) }
        if let path { all.append(":path", path) }
        for index in fields.lines.indices { all.append(fields.name(index), fields.value(index)) }
        return all
    }
}

/// The head of a response (RFC 9113, 8.3.2).
package struct HTTP2ResponseHead: Equatable, Sendable {
    /// Three digits.
    package var status: Int
    /// The others.
    package var fields: HTTP2Fields

    /// From its parts.
    package init(status: Int, fields: HTTP2Fields = HTTP2Fields()) {
        self.status = status
        self.fields = fields
    }

    /// nil without a status, as trailers are.
    init?(_ block: consuming HTTP2Fields) {
        var status: Int?
        block.takePseudo { name, value in
            if isName(name, ":status") { status = Int(String(decoding: value, as: UTF8.self)) }
        }
        guard let status else { return nil }
        self.init(status: status, fields: block)
    }
}
