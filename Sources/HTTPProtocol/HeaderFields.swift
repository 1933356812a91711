/// Header fields in their order and spelling; names are found whatever their case (RFC 9110, 5.1).
///
/// Owns one buffer that holds the lines as they go on the wire, so writing them is one copy and bytes over 127, which
/// are opaque (RFC 9110, 5.5), pass unchanged. Never holds a line end or another control byte within a line: such bytes
/// become blanks, so no value can forge a line.
package struct HeaderFields: Equatable, Sendable {
    /// One field line.
    package struct Field: Equatable, Sendable {
        /// As spelled.
        package let name: String
        /// Without white space around it; bytes that are not UTF-8 read as U+FFFD.
        package let value: String

        /// A field as it is to be sent.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Where a line stands in `bytes`: `name: value` and CRLF.
    private struct Line: Equatable {
        var start: Int
        var colon: Int
        var end: Int

        var name: Range<Int> { start..<colon }
        var value: Range<Int> { (colon + 2)..<(end - 2) }
    }

    private var bytes: [UInt8] = []
    private var lines: [Line] = []

    /// Empty.
    package init() {}

    /// How many lines there are.
    package var count: Int { lines.count }

    /// Bytes of memory that they take.
    package var keptBytes: Int { bytes.count &+ lines.count &* MemoryLayout<Line>.stride }

    /// All lines, in order.
    package var list: [Field] { lines.map { Field(text($0.name), text($0.value)) } }

    /// Adds a line at the end.
    package mutating func append(_ name: String, _ value: String) {
        add(name.utf8, value.utf8)
    }

    /// Adds a line at the end from bytes; white space around the value is left out.
    package mutating func append(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) { add(name, value) }

    /// Adds a line whose value is passed on as it came.
    package mutating func append(_ name: String, bytes value: [UInt8]) { add(name.utf8, value) }

    /// Adds the lines of a name that another set has, with their bytes.
    package mutating func append(_ name: String, from other: HeaderFields) {
        for value in other.values(name) { add(name.utf8, value) }
    }

    /// Not called from other modules: there it would not be specialised, and go byte by byte through witnesses.
    private mutating func add(_ name: some Sequence<UInt8>, _ value: some Sequence<UInt8>) {
        let start = bytes.count
        bytes += name
        let colon = bytes.count
        bytes.append(58)
        bytes.append(32)
        bytes += value
        // White space before the value is no part of it (RFC 9112, 5.1).
        let blanks = bytes[(colon + 2)...].prefix(while: isBlank).count
        if blanks > 0 { bytes.removeSubrange((colon + 2)..<(colon + 2 + blanks)) }
        for index in start..<bytes.count { bytes[index] = plain(bytes[index]) }
        while bytes.count > colon + 2, isBlank(bytes[bytes.count - 1]) { bytes.removeLast() }
        bytes.append(13)
        bytes.append(10)
        lines.append(Line(start: start, colon: colon, end: bytes.count))
    }

    /// Adds all lines of another set at the end.
    package mutating func append(contentsOf other: HeaderFields) {
        let offset = bytes.count
        bytes += other.bytes
        for line in other.lines {
            lines.append(Line(start: line.start + offset, colon: line.colon + offset, end: line.end + offset))
        }
    }

    /// All lines in their order, as bytes.
    package func forEach(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        for line in lines { body(bytes[line.name], bytes[line.value]) }
    }

    /// The first value of a name, as text; bytes that are not UTF-8 read as U+FFFD.
    package func first(_ name: String) -> String? {
        lines.first { isNamed($0, name) }.map { text($0.value) }
    }

    /// All values of a name, in order, as text.
    package func all(_ name: String) -> [String] {
        lines.filter { isNamed($0, name) }.map { text($0.value) }
    }

    /// All values of a name, in order, as they came: what is passed on, compared or hashed is not read as text, where
    /// different bytes may look the same.
    package func values(_ name: String) -> [[UInt8]] {
        lines.filter { isNamed($0, name) }.map { Array(bytes[$0.value]) }
    }

    /// Whether a line has this name.
    package func contains(_ name: String) -> Bool { lines.contains { isNamed($0, name) } }

    /// Removes all lines of a name.
    package mutating func remove(_ name: String) {
        guard contains(name) else { return }
        removeAll { equalsIgnoringCase($0, name) }
    }

    /// Removes the lines whose name, in lower case, satisfies a condition.
    package mutating func removeAll(where isRemoved: (String) -> Bool) {
        var kept = HeaderFields()
        for line in lines where !isRemoved(lowercasedName(line)) {
            let start = kept.bytes.count
            kept.bytes += bytes[line.start..<line.end]
            kept.lines.append(
                Line(start: start, colon: start + line.colon - line.start, end: kept.bytes.count))
        }
        self = kept
    }

    /// Whether a comma-separated field, over all its lines, names this token, whatever its case (RFC 9110, 5.6.1).
    package func hasToken(_ name: String, _ token: String) -> Bool {
        var isThere = false
        forEachMember(of: name) { isThere = isThere || equalsIgnoringCase($0, token.utf8) }
        return isThere
    }

    /// The members of a comma-separated field over all its lines, without the white space around them.
    package func tokens(_ name: String) -> [String] {
        var members: [String] = []
        forEachMember(of: name) { members.append(String(decoding: $0, as: UTF8.self)) }
        return members
    }

    /// The same as bytes, one after the other: a list may have thousands.
    func forEachMember(of name: String, _ body: (ArraySlice<UInt8>) -> Void) {
        for line in lines where isNamed(line, name) {
            var rest = bytes[line.value]
            while !rest.isEmpty {
                let part = rest.prefix { $0 != 44 }
                let member = trimmed(part)
                if !member.isEmpty { body(member) }
                rest = rest[part.endIndex...].dropFirst()
            }
        }
    }

    /// Appends all lines as they go on the wire.
    package func write(into output: inout [UInt8]) { output += bytes }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func lowercasedName(_ line: Line) -> String {
        lowercasedText(bytes[line.name])
    }

    private func isNamed(_ line: Line, _ name: String) -> Bool {
        let name = name.utf8
        guard line.colon - line.start == name.count else { return false }
        var index = line.start
        for byte in name {
            guard lowercase(bytes[index]) == lowercase(byte) else { return false }
            index += 1
        }
        return true
    }
}

private func plain(_ byte: UInt8) -> UInt8 { (byte < 32 && byte != 9) || byte == 127 ? 32 : byte }
