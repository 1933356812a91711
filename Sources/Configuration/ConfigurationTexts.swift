/// What is written about the configuration, all of it made from the tables of keys.
package enum ConfigurationTexts {
    /// The JSON Schema of proxy.conf (draft 2020-12).
    package static var schema: String { JSONSchema.document(ProxyConfiguration.table.outline).text() + "\n" }

    /// The reference article, in Markdown.
    package static var reference: String { ReferenceArticle(ProxyConfiguration.table.outline).text }

    /// A commented file with every default.
    package static var defaults: String { DefaultsText(ProxyConfiguration.table.outline).text }

    /// Every name that a key has, and the path of each: `listeners.tls.certificates.key`.
    package static var keys: [String] { paths(ProxyConfiguration.table.outline, "") }

    private static func paths(_ outline: Outline, _ path: String) -> [String] {
        outline.entries.flatMap { entry in
            let path = path.isEmpty ? entry.name : path + "." + entry.name
            switch entry.kind {
            case .scalar, .list, .words: return [path]
            case .section(let part, _), .sections(let part, _), .named(let part), .either(_, let part):
                return [path] + paths(part, path)
            }
        }
    }
}

extension ProxyConfiguration {
    /// As YAML with every default filled in, and secrets masked: a file that loads to the same, but for these.
    package var shown: String { Self.table.show(self).yaml().joined(separator: "\n") + "\n" }
}
