internal import ASCII

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
    struct Line: Equatable {
        var start: Int
        var colon: Int
        var end: Int
        let meaning: FieldMeaning

        var traits: FieldTraits { meaning.traits }
        var known: KnownName { meaning.known }

        var name: Range<Int> { start..<colon }
        var value: Range<Int> { (colon + 2)..<(end - 2) }

        func moved(by offset: Int) -> Line {
            Line(start: start &+ offset, colon: colon &+ offset, end: end &+ offset, meaning: meaning)
        }
    }

    private(set) var bytes: [UInt8] = []
    private(set) var lines: [Line] = []
    /// What the names of the lines mean, all together: most of what heads are asked for is not there.
    private var traits: FieldTraits = []
    private(set) var names = KnownNames()

    /// Empty.
    package init() {}

    /// From lines as they are written (`write`), and no others.
    init(kept written: ArraySlice<UInt8>) {
        bytes = Array(written)
        var start = 0
        while let colon = bytes[start...].firstIndex(of: .colon),
            let end = bytes[colon...].firstIndex(of: .lineFeed), end >= colon + 3
        {
            let meaning = FieldMeaning(of: bytes.span.extracting(start..<colon))
            add(Line(start: start, colon: colon, end: end + 1, meaning: meaning))
            start = end + 1
        }
    }

    /// How many lines there are.
    package var count: Int { lines.count }

    /// Bytes that they take on the wire.
    package var writtenBytes: Int { bytes.count }

    /// Bytes of memory that they take.
    package var keptBytes: Int { bytes.count &+ lines.count &* MemoryLayout<Line>.stride }

    /// All lines, in order.
    package var list: [Field] { lines.map { Field(text($0.name), text($0.value)) } }

    /// Adds a line at the end.
    package mutating func append(_ name: String, _ value: String) { add(name.utf8.span, value.utf8.span) }

    /// Adds a line at the end from bytes; white space around the value is left out.
    package mutating func append(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        add(name.span, value.span)
    }

    /// The same out of one buffer, by whoever has judged each byte.
    mutating func append(judged name: Span<UInt8>, value: Span<UInt8>) { add(name, value, isJudged: true) }

    /// Adds a line whose value is passed on as it came.
    package mutating func append(_ name: String, bytes value: [UInt8]) {
        add(name.utf8.span, value.span)
    }

    /// Adds the lines of a name that another set has, with their bytes.
    package mutating func append(_ name: String, from other: HeaderFields) {
        for value in other.values(name) { add(name.utf8.span, value.span) }
    }

    /// Makes room for what is to be added, in one go.
    mutating func reserve(bytes more: Int, lines count: Int) {
        bytes.reserveCapacity(bytes.count &+ more)
        lines.reserveCapacity(lines.count &+ count)
    }

    /// Adds a line of our own at the end.
    mutating func append(_ name: FieldName, _ value: String) { add(name, value.utf8.span) }

    /// Adds a line of our own whose value is passed on as it came.
    mutating func append(_ name: FieldName, bytes value: [UInt8]) { add(name, value.span) }

    private mutating func add(_ name: FieldName, _ value: Span<UInt8>) {
        makeRoom()
        let start = bytes.count
        let value = value.extracting(withoutBlanks(value))
        bytes.append(addingCapacity: name.bytes.count + value.count + 2) {
            (output: inout OutputSpan<UInt8>) in
            output.put(name.bytes.span)
            for index in value.indices { output.append(plain(value[index])) }
            output.append(.carriageReturn)
            output.append(.lineFeed)
        }
        add(
            Line(
                start: start, colon: start + name.bytes.count - 2, end: bytes.count, meaning: name.meaning))
    }

    private mutating func add(_ line: Line) {
        lines.append(line)
        traits.formUnion(line.traits)
        names.insert(line.known)
    }

    private mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>, isJudged: Bool = false) {
        makeRoom()
        let start = bytes.count
        let value = value.extracting(withoutBlanks(value))
        bytes.append(addingCapacity: name.count + value.count + 4) { (output: inout OutputSpan<UInt8>) in
            if isJudged {
                output.put(name)
            } else {
                for index in name.indices { output.append(plain(name[index])) }
            }
            output.append(.colon)
            output.append(.space)
            if isJudged {
                output.put(value)
            } else {
                for index in value.indices { output.append(plain(value[index])) }
            }
            output.append(.carriageReturn)
            output.append(.lineFeed)
        }
        let meaning = FieldMeaning(of: name)
        add(Line(start: start, colon: start + name.count, end: bytes.count, meaning: meaning))
    }

    /// Few heads are smaller.
    private mutating func makeRoom() {
        if lines.isEmpty, bytes.capacity == 0 { reserve(bytes: 256, lines: 8) }
    }

    /// Adds all lines of another set at the end.
    package mutating func append(contentsOf other: HeaderFields) {
        let offset = bytes.count
        bytes += other.bytes
        for line in other.lines { lines.append(line.moved(by: offset)) }
        traits.formUnion(other.traits)
        names.formUnion(other.names)
    }

    /// Adds those lines of another set at the end whose names mean none of these.
    mutating func append(contentsOf other: HeaderFields, but traits: FieldTraits) {
        if other.traits.isDisjoint(with: traits) { return append(contentsOf: other) }
        append(other) { $0.traits.isDisjoint(with: traits) }
    }

    /// The same without those of these names.
    mutating func append(contentsOf other: HeaderFields, but names: KnownNames) {
        if other.names.isDisjoint(with: names) { return append(contentsOf: other) }
        append(other) { !names.contains($0.known) }
    }

    /// Lines that stand together are added together.
    private mutating func append(_ other: HeaderFields, where isKept: (Line) -> Bool) {
        var index = 0
        while index < other.lines.count {
            let first = index
            while index < other.lines.count, isKept(other.lines[index]) { index += 1 }
            if index > first {
                let offset = bytes.count - other.lines[first].start
                bytes += other.bytes[other.lines[first].start..<other.lines[index - 1].end]
                for line in other.lines[first..<index] { add(line.moved(by: offset)) }
            }
            index += 1
        }
    }

    /// All lines in their order, as bytes.
    package func forEach(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        for line in lines { body(bytes[line.name], bytes[line.value]) }
    }

    /// The same without those whose names mean one of these.
    func forEach(
        but traits: FieldTraits, _ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void
    ) {
        for line in lines where line.traits.isDisjoint(with: traits) {
            body(bytes[line.name], bytes[line.value])
        }
    }

    /// The first value of a name, as text; bytes that are not UTF-8 read as U+FFFD.
    package func first(_ name: String) -> String? {
        let wanted = name.utf8.span
        for line in lines where isNamed(line, wanted) { return text(line.value) }
        return nil
    }

    /// All values of a name, in order, as text.
    package func all(_ name: String) -> [String] {
        var all: [String] = []
        let wanted = name.utf8.span
        for line in lines where isNamed(line, wanted) { all.append(text(line.value)) }
        return all
    }

    /// All values of a name in whatever spelling comes to the same, in order, as text.
    package func all(spelledAs name: String) -> [String] {
        let wanted = name.utf8.map(canonicalByte)
        return lines.filter { bytes[$0.name].lazy.map(canonicalByte).elementsEqual(wanted) }.map {
            text($0.value)
        }
    }

    /// Removes all lines of a name, in whatever spelling comes to the same.
    package mutating func remove(spelledAs name: String) {
        let wanted = name.utf8.map(canonicalByte)
        let all = bytes
        filter { all[$0.name].lazy.map(canonicalByte).elementsEqual(wanted) }
    }

    /// All values of a name, in order, as they came: what is passed on, compared or hashed is not read as text, where
    /// different bytes may look the same.
    package func values(_ name: String) -> [[UInt8]] {
        var values: [[UInt8]] = []
        let wanted = name.utf8.span
        for line in lines where isNamed(line, wanted) { values.append(Array(bytes[line.value])) }
        return values
    }

    /// Whether a line has this name.
    package func contains(_ name: String) -> Bool {
        let wanted = name.utf8.span
        for line in lines where isNamed(line, wanted) { return true }
        return false
    }

    /// Removes all lines of a name.
    package mutating func remove(_ name: String) {
        guard contains(name) else { return }
        remove(anyOf: [name])
    }

    /// Removes all lines of these names.
    mutating func remove(anyOf names: [String]) {
        let all = self
        filter { line in names.contains { all.isNamed(line, $0.utf8.span) } }
    }

    /// Removes the lines whose name, in lower case, satisfies a condition.
    package mutating func removeAll(where isRemoved: (String) -> Bool) {
        let bytes = bytes
        filter { isRemoved(lowercasedText(bytes[$0.name])) }
    }

    /// Removes lines by what their names mean.
    ///
    /// - Parameter candidates: a line that goes has one of these.
    mutating func remove(among candidates: FieldTraits, where isRemoved: (FieldTraits) -> Bool) {
        if !traits.isDisjoint(with: candidates) { filter { isRemoved($0.traits) } }
    }

    /// Where none goes, nothing is copied.
    private mutating func filter(_ isRemoved: (Line) -> Bool) {
        guard lines.contains(where: isRemoved) else { return }
        var kept = HeaderFields()
        // Where nothing stays, nothing is made.
        if lines.contains(where: { !isRemoved($0) }) { kept.reserve(bytes: bytes.count, lines: lines.count) }
        kept.append(self) { !isRemoved($0) }
        self = kept
    }

    /// Whether the list that a line has names this token.
    func line(_ index: Int, names token: Span<UInt8>) -> Bool {
        var rest = lines[index].value
        // Mostly there is one member.
        if equalsIgnoringCase(bytes.span.extracting(rest), token) { return true }
        while let member = nextMember(&rest) {
            if equalsIgnoringCase(bytes.span.extracting(member), token) { return true }
        }
        return false
    }

    /// The members of a comma-separated field over all its lines, without the white space around them.
    package func tokens(_ name: String) -> [String] {
        var members: [String] = []
        forEachMember(of: name) { members.append(String(decoding: $0, as: UTF8.self)) }
        return members
    }

    /// The same as bytes, one after the other: a list may have thousands.
    func forEachMember(of name: String, _ body: (ArraySlice<UInt8>) -> Void) {
        let wanted = name.utf8.span
        for line in lines where isNamed(line, wanted) {
            var rest = line.value
            while let member = nextMember(&rest) { body(bytes[member]) }
        }
    }

    /// Takes what stands before the next comma; empty members are none.
    private func nextMember(_ rest: inout Range<Int>) -> Range<Int>? {
        while !rest.isEmpty {
            var comma = rest.lowerBound
            while comma < rest.upperBound, bytes[comma] != .comma { comma += 1 }
            var start = rest.lowerBound
            var end = comma
            while start < end, isBlank(bytes[start]) { start += 1 }
            while end > start, isBlank(bytes[end - 1]) { end -= 1 }
            rest = min(comma + 1, rest.upperBound)..<rest.upperBound
            if start < end { return start..<end }
        }
        return nil
    }

    /// Appends all lines as they go on the wire.
    package func write(into output: inout [UInt8]) { output += bytes }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func isNamed(_ line: Line, _ name: Span<UInt8>) -> Bool {
        line.colon - line.start == name.count
            && equalsIgnoringCase(bytes.span.extracting(line.name), name)
    }
}

/// White space around a value is no part of it (RFC 9112, 5.1).
private func withoutBlanks(_ value: Span<UInt8>) -> Range<Int> {
    var from = 0
    while from < value.count, isBlank(value[from]) { from += 1 }
    var end = value.count
    while end > from, isBlank(plain(value[end - 1])) { end -= 1 }
    return from..<end
}

private func plain(_ byte: UInt8) -> UInt8 {
    (byte < .space && byte != .tab) || byte == .delete ? .space : byte
}
