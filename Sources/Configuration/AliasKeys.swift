/// Finds keys of YAML that are no words in a text with many aliases, before the parser compares them.
///
/// An alias stands for all that it names, and aliases of aliases multiply: nine lines can stand for a thousand million
/// nodes. As values they share their memory and nobody looks at them all; as keys the parser would.
enum AliasKeys {
    /// With fewer the product stays small, and nothing is looked for.
    private static let harmless = 16

    /// The place of the first such key.
    static func first(in text: String) -> Place? {
        var aliases = 0
        var found: Place?
        for (index, line) in text.utf8.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            var previous = UInt8(ascii: " ")
            for (column, byte) in line.enumerated() {
                if byte == UInt8(ascii: "*"), beginsToken(after: previous) { aliases += 1 }
                previous = byte
                if found == nil, isComplexKey(line.dropFirst(column)) {
                    found = Place(line: index + 1, column: column + 1)
                }
            }
            if aliases >= harmless, found != nil { return found }
        }
        return nil
    }

    private static func beginsToken(after byte: UInt8) -> Bool {
        [
            32, 9, UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: "?"),
            UInt8(ascii: "-"),
        ]
        .contains(byte)
    }

    /// `? ` begins one; `*name :`, `] :` and `} :` end one.
    private static func isComplexKey(_ rest: Substring.UTF8View.SubSequence) -> Bool {
        switch rest.first {
        case UInt8(ascii: "?"): [nil, 32, 9].contains(rest.dropFirst().first)
        case UInt8(ascii: "]"), UInt8(ascii: "}"): endsKey(rest.dropFirst())
        case UInt8(ascii: "*"):
            endsKey(rest.drop { ![32, 9, UInt8(ascii: ":"), UInt8(ascii: ",")].contains($0) })
        default: false
        }
    }

    private static func endsKey(_ rest: Substring.UTF8View.SubSequence) -> Bool {
        let rest = rest.drop { $0 == 32 || $0 == 9 }
        return rest.first == UInt8(ascii: ":") && [nil, 32, 9, 13].contains(rest.dropFirst().first)
    }
}
