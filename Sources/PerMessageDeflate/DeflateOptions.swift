/// How a route compresses. With the defaults a sender's context takes 40 KiB, and messages are 3 to 6 percent longer than
/// with the largest window, which takes over 260 KiB. The article Compression has the measurements.
package struct DeflateOptions: Equatable, Sendable {
    /// zlib's level, 1 to 9.
    package var level: Int { didSet { level = min(max(level, 1), 9) } }
    /// Base-2 logarithm of the window, 9 to 15.
    package var windowBits: Int { didSet { windowBits = min(max(windowBits, 9), 15) } }
    /// zlib's memory level, 1 to 9.
    package var memoryLevel: Int { didSet { memoryLevel = min(max(memoryLevel, 1), 9) } }
    /// Messages may refer to earlier ones.
    package var contextTakeover: Bool
    /// Bytes; smaller messages go uncompressed.
    package var minimumSize: Int { didSet { minimumSize = max(minimumSize, 0) } }

    /// Values outside their ranges are moved to the nearest end.
    package init(
        level: Int = 4, windowBits: Int = 12, memoryLevel: Int = 5, contextTakeover: Bool = true,
        minimumSize: Int = 128
    ) {
        self.level = min(max(level, 1), 9)
        self.windowBits = min(max(windowBits, 9), 15)
        self.memoryLevel = min(max(memoryLevel, 1), 9)
        self.contextTakeover = contextTakeover
        self.minimumSize = max(minimumSize, 0)
    }
}
