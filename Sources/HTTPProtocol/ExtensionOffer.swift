/// One extension with its parameters, as offered or answered (RFC 6455, 9.1).
package struct ExtensionOffer: Equatable, Sendable {
    /// A parameter; without `=` it has no value.
    package struct Parameter: Equatable, Sendable {
        /// A token.
        package let name: String
        /// A token, unquoted.
        package let value: String?

        /// A parameter from its parts.
        package init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    /// A token.
    package let name: String
    /// In their order; the same name may occur twice.
    package let parameters: [Parameter]

    /// An extension from its parts.
    package init(_ name: String, _ parameters: [Parameter] = []) {
        self.name = name
        self.parameters = parameters
    }

    /// As in a header field.
    package var encoded: String {
        // Into one text: a sum would be copied for each parameter.
        parameters.reduce(into: name) { text, parameter in
            text += "; "
            text += parameter.name
            if let value = parameter.value {
                text += "="
                text += value
            }
        }
    }
}
