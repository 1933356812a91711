/// `Forwarded` (RFC 7239, 4), strictly: what one reader takes for the end of an element, another may take for text.
enum ForwardedElements {
    /// The `for` of each element, nil where it has none; nil for a field that doesn't follow the grammar.
    static func nodes(_ values: [String]) -> [String?]? {
        var nodes: [String?] = []
        for value in values {
            var scanner = GrammarScanner(value)
            repeat {
                guard let element = element(&scanner) else { return nil }
                nodes.append(element.node)
            } while scanner.take(44)
            guard scanner.isAtEnd else { return nil }
        }
        return nodes
    }

    /// One or more pairs, none of which is named twice.
    private static func element(_ scanner: inout GrammarScanner) -> (node: String?, Void)? {
        var node: String?
        var names: [String] = []
        repeat {
            // Its parameters are four, and extensions are rare: more is no honest proxy's.
            guard names.count < 16, let name = scanner.token(), scanner.take(61),
                let value = scanner.token() ?? scanner.quotedString()
            else { return nil }
            let lower = lowercased(name)
            guard !names.contains(lower) else { return nil }
            names.append(lower)
            if lower == "for" { node = value }
        } while scanner.take(59)
        return (node, ())
    }
}
