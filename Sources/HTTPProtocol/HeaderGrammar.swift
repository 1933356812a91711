/// A list that does not follow the grammar.
package struct HeaderGrammarError: Error, Equatable, Sendable {
    /// One line, lower case.
    package let reason: String
}

/// The list grammars of the WebSocket handshake (RFC 6455, 4.3 and 9.1).
package enum HeaderGrammar {
    /// `Sec-WebSocket-Extensions`, over all its lines. Empty list members are skipped (RFC 9110, 5.6.1.2).
    package static func extensions(_ values: [String]) throws(HeaderGrammarError) -> [ExtensionOffer] {
        var offers: [ExtensionOffer] = []
        for value in values {
            var scanner = GrammarScanner(value)
            while true {
                while scanner.take(44) {}
                if scanner.isAtEnd { break }
                offers.append(try offer(&scanner))
                guard scanner.isAtEnd || scanner.take(44) else { throw malformed }
            }
        }
        return offers
    }

    /// The value of `Sec-WebSocket-Extensions` that says so.
    package static func encode(_ offers: [ExtensionOffer]) -> String {
        offers.map(\.encoded).joined(separator: ", ")
    }

    private static func offer(_ scanner: inout GrammarScanner) throws(HeaderGrammarError) -> ExtensionOffer {
        guard let name = scanner.token() else { throw malformed }
        var parameters: [ExtensionOffer.Parameter] = []
        while scanner.take(59) {
            guard let key = scanner.token() else { throw malformed }
            guard scanner.take(61) else {
                parameters.append(.init(key))
                continue
            }
            // 9.1: a quoted value must be a token once unquoted.
            guard let value = scanner.token() ?? scanner.quotedString(), isToken(value) else {
                throw malformed
            }
            parameters.append(.init(key, value))
        }
        return ExtensionOffer(name, parameters)
    }

    private static var malformed: HeaderGrammarError {
        HeaderGrammarError(reason: "malformed Sec-WebSocket-Extensions")
    }
}
