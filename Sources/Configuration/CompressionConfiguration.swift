package import PerMessageDeflate

/// `compression`, of a route or the default of all.
package struct CompressionConfiguration: Equatable, Sendable {
    /// Who compresses.
    package enum Mode: String, Equatable, Sendable { case edge, both, passthrough, off }

    /// Who compresses what.
    package var mode = Mode.edge
    /// How it is done.
    package var options = DeflateOptions()
    /// Bytes of all sessions' contexts. Of the whole process: a route's own is not looked at.
    package private(set) var memoryBudget = 256 << 20

    /// How clients' messages are compressed; nil = not by us.
    package var towardsClients: DeflateOptions? { mode == .edge || mode == .both ? options : nil }

    static let table = Table("permessage-deflate; the default of every route.", start: Self()) { keys }

    /// What a route may say for itself.
    static let tableOfRoutes = Table(
        "The route's own compression.", start: Self(),
        rules: [
            Rule { compression, section in
                // What is written as it is by default does no harm.
                guard let place = section.keyPlace("memory_budget"),
                    compression.memoryBudget != Self().memoryBudget
                else { return }
                section.warn(
                    place,
                    "'memory_budget' of a route has no effect: it is for all sessions, set it in 'compression' at the top"
                )
            }
        ]
    ) { keys }

    @KeyList<Self>
    private static var keys: [Key<Self>] {
        Key.value(
            "mode", \.mode,
            .choice(("edge", .edge), ("both", .both), ("passthrough", .passthrough), ("off", .off)),
            "`edge`: towards clients only; `both`: each side by itself; `passthrough`: the client's offer goes to the backend, compressed messages go end to end."
        )
        Key.value("level", \.options.level, .integer(1...9), "zlib's level, 1 fast, 9 small.")
        Key.value(
            "window_bits", \.options.windowBits, .integer(9...15),
            "Base-2 logarithm of the window in bytes (RFC 7692, 7.1.2)."
        )
        Key.value(
            "memory_level", \.options.memoryLevel, .integer(1...9), "zlib's memory level of a compressor.")
        Key.value(
            "context_takeover", \.options.contextTakeover, .flag,
            "Whether messages refer to earlier ones (RFC 7692, 7.1.1)."
        )
        Key.value("minimum_size", \.options.minimumSize, .size(), "Smaller messages go uncompressed.")
        Key.value(
            "memory_budget", \.memoryBudget, .size(),
            "Bytes of the contexts of all sessions; the longest idle are freed first; 0 = no limit. Has no effect on a route."
        )
    }
}
