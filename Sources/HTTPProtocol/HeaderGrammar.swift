/// One extension with its parameters, as offered or answered (RFC 6455, 9.1).
package struct ExtensionOffer: Equatable, Sendable {
    /// A parameter; without `=` it has no value.
    package struct Parameter: Equatable, Sendable {
        package let name: String
        package let value: String?

        /// A parameter from its parts.
        package init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    package let name: String
    package let parameters: [Parameter]

    /// An extension from its parts.
    package init(_ name: String, _ parameters: [Parameter] = []) {
        self.name = name
        self.parameters = parameters
    }

    /// As in a header field.
    package var encoded: String {
        parameters.reduce(name) { text, parameter in
            text + "; " + parameter.name + (parameter.value.map { "=" + $0 } ?? "")
        }
    }
}

/// A list that does not follow the grammar.
package struct HeaderGrammarError: Error, Equatable, Sendable {
    /// One line, lower case.
    package let reason: String
}

/// The list grammars of the WebSocket handshake (RFC 6455, 4.3 and 9.1).
package enum HeaderGrammar {
    /// `Sec-WebSocket-Extensions`, over all its lines.
    package static func extensions(_ values: [String]) throws(HeaderGrammarError) -> [ExtensionOffer] {
        var offers: [ExtensionOffer] = []
        for value in values {
            for item in splitOutsideQuotes(value, at: ",") where !trimmed(item).isEmpty { offers.append(try offer(item)) }
        }
        return offers
    }

    /// `Sec-WebSocket-Protocol`: tokens, none twice.
    package static func subprotocols(_ values: [String]) throws(HeaderGrammarError) -> [String] {
        var names: [String] = []
        for item in values.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            let name = trimmed(item)
            guard isToken(name), !names.contains(name) else {
                throw HeaderGrammarError(reason: "malformed Sec-WebSocket-Protocol")
            }
            names.append(name)
        }
        return names
    }

    private static func offer(_ text: String) throws(HeaderGrammarError) -> ExtensionOffer {
        let parts = splitOutsideQuotes(text, at: ";").map { trimmed($0) }
        guard let name = parts.first, isToken(name) else { throw malformed }
        var parameters: [ExtensionOffer.Parameter] = []
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else {
                guard isToken(part) else { throw malformed }
                parameters.append(.init(part))
                continue
            }
            let key = trimmed(part[..<equals])
            var value = trimmed(part[part.index(after: equals)...])
            // 9.1: a quoted value must be a token once unquoted.
            if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = String(value.dropFirst().dropLast()) }
            guard isToken(key), isToken(value) else { throw malformed }
            parameters.append(.init(key, value))
        }
        return ExtensionOffer(name, parameters)
    }

    private static var malformed: HeaderGrammarError { HeaderGrammarError(reason: "malformed Sec-WebSocket-Extensions") }

    private static func splitOutsideQuotes(_ text: String, at separator: Character) -> [String] {
        var parts = [""]
        var isQuoted = false
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if character == separator, !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts
    }
}
