/// Bounds on a head, checked as it comes.
package struct HeadLimits: Equatable, Sendable {
    /// Bytes, first line and line ends included.
    package var bytes: Int
    /// Field lines.
    package var fields: Int

    /// Interim responses (1xx) before a final one: far more than any server has to say.
    package static let interim = 1000

    /// 16 KiB and 200 fields unless told otherwise.
    package init(bytes: Int = 16_384, fields: Int = 200) {
        self.bytes = bytes
        self.fields = fields
    }
}
