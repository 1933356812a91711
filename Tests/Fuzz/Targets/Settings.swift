import Configuration

enum Settings {
    /// Any text is read or complained of, each complaint with a place.
    static func check(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        let list: [Diagnostic]
        do throws(Diagnostics) {
            list = try ConfigurationLoader.load(text, file: "f", environment: ["A": "1"]).diagnostics
        } catch {
            list = error.list
        }
        return list.allSatisfy { $0.description.hasPrefix("f:") && !$0.description.hasPrefix("f:0") }
            ? nil : "a complaint without a place"
    }
}
