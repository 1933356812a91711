/// `http2`: what one client's HTTP/2 connection may have and do. 0 = no limit for the last three.
package struct HTTP2Configuration: Equatable, Sendable {
    /// Open at once.
    package var streams = 128
    /// Bytes that the client may send, over all streams, before any is taken.
    package var window = 1 << 20
    /// Bytes that may wait for all streams together, in each direction, before every one counts as full.
    package var buffer = 4 << 20
    /// Streams reset before they were answered, within ten seconds.
    package var resets = 300
    /// SETTINGS, PING and PRIORITY frames within ten seconds.
    package var controlFrames = 1000
    /// Frames that carry nothing within ten seconds.
    package var emptyFrames = 1000

    /// The defaults.
    package init() {}
}

enum HTTP2Decoder {
    static func decode(_ section: Section) -> HTTP2Configuration {
        var value = HTTP2Configuration()
        section.integer("streams", into: &value.streams, 1...100_000)
        section.size("window", into: &value.window)
        section.size("buffer", into: &value.buffer)
        section.integer("resets", into: &value.resets, 0...1_000_000_000)
        section.integer("control_frames", into: &value.controlFrames, 0...1_000_000_000)
        section.integer("empty_frames", into: &value.emptyFrames, 0...1_000_000_000)
        if value.window < 65_535 || value.window > Int(Int32.max) {
            let place = section.node("window")?.place ?? section.place
            section.complaints.add(place, "'window' in \(section.title) must be from 65535B to 2GiB - 1")
        }
        section.finish()
        return value
    }
}
