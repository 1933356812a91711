/// Header fields in their order and spelling; names are found whatever their case (RFC 9110, 5.1).
package struct HeaderFields: Equatable, Sendable {
    /// One field line.
    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: String

        /// A field as it is to be sent.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }

        fileprivate func isNamed(_ other: String) -> Bool { equalsIgnoringCase(name, other) }
    }

    package private(set) var list: [Field] = []

    /// Empty.
    package init() {}

    /// How many lines there are.
    package var count: Int { list.count }

    package mutating func append(_ name: String, _ value: String) { list.append(Field(name, value)) }

    /// The first value of a name.
    package func first(_ name: String) -> String? { list.first { $0.isNamed(name) }?.value }

    /// All values of a name, in order.
    package func all(_ name: String) -> [String] { list.filter { $0.isNamed(name) }.map(\.value) }

    package func contains(_ name: String) -> Bool { list.contains { $0.isNamed(name) } }

    package mutating func remove(_ name: String) { list.removeAll { $0.isNamed(name) } }

    /// Whether a comma-separated field, over all its lines, names this token (RFC 9110, 5.6.1).
    package func hasToken(_ name: String, _ token: String) -> Bool {
        tokens(name).contains { equalsIgnoringCase($0, token) }
    }

    /// The members of a comma-separated field over all its lines, without the white space around them.
    package func tokens(_ name: String) -> [String] {
        all(name).flatMap { $0.split(separator: ",").map { trimmed($0) } }.filter { !$0.isEmpty }
    }

    func write(to bytes: inout [UInt8]) {
        for field in list {
            bytes += field.name.utf8
            bytes += [58, 32]
            bytes += field.value.utf8
            bytes += [13, 10]
        }
    }
}

/// ASCII letters only, as field names and tokens need it.
package func equalsIgnoringCase(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).allSatisfy { lowercase($0) == lowercase($1) }
}

func lowercase(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }

func trimmed(_ text: some StringProtocol) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
}
