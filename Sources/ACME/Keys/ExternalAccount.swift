internal import ASCII
internal import Access

/// An account that the authority's operator gave out, to which ours is bound.
package struct ExternalAccount: Equatable, Sendable {
    /// Its name.
    package let id: String
    /// The secret that both know.
    package let key: [UInt8]

    /// An account from its parts.
    package init(id: String, key: [UInt8]) {
        self.id = id
        self.key = key
    }

    /// Nil where the text is no key in base64, of either alphabet: authorities' pages show both.
    package init?(id: String, base64 text: [UInt8]) {
        let digits = text.filter { byte in byte > .space && byte != UInt8(ascii: "=") }
        let key = Base64URL.decode(
            digits.map { byte in
                switch byte {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                default: byte
                }
            })
        guard let key, !key.isEmpty else { return nil }
        self.init(id: id, key: key)
    }
}
