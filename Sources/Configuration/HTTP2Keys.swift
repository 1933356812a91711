internal import HTTP2Protocol

/// `http2`.
enum HTTP2Keys {
    static let table = Table(
        "Bounds on one HTTP/2 connection of a client; for the last three, 0 = no limit.",
        start: HTTP2Options()
    ) {
        Key.value("streams", \.maxStreams, .integer(1...100_000), "Streams open at once; a WebSocket is one.")
        Key.value(
            "window", \.connectionWindow,
            .size(65_535...Int(Int32.max)).complaining { text in
                Quantity.size(text) == nil ? nil : "'window' in 'http2' must be from 65535B to 2GiB - 1"
            }, "Bytes that the client may send on all streams together before anything of it is taken."
        )
        Key.value(
            "buffer", \.heldBytes, .size(),
            "Bytes that may wait for all streams together, in each direction; over it every stream counts as full."
        )
        Key.value(
            "resets", \.abuse.resets, .integer(0...1_000_000_000),
            "Streams that are reset before they are answered, within ten seconds; over it the connection ends, as over the next two."
        )
        Key.value(
            "control_frames", \.abuse.controlFrames, .integer(0...1_000_000_000),
            "SETTINGS, PING and PRIORITY frames within ten seconds."
        )
        Key.value(
            "empty_frames", \.abuse.emptyFrames, .integer(0...1_000_000_000),
            "Frames that carry nothing, within ten seconds.")
    }
}
