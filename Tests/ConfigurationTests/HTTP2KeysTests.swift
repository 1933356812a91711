import Configuration
import HTTP2Protocol
import Testing

@Suite("HTTP/2 in the configuration")
struct HTTP2KeysTests {
    @Test("both versions are spoken by default, within limits")
    func defaults() throws {
        let loaded = load()
        let value = try #require(loaded.value)
        #expect(loaded.said == [] && value.listeners[0].protocols == ["h2", "http/1.1"])
        #expect(value.http2 == HTTP2Options())
    }

    @Test("every key is read")
    func keys() throws {
        let loaded = load(
            listener: ", protocols: [http/1.1]",
            rest:
                "http2: { streams: 10, window: 128KiB, buffer: 1MiB, resets: 1, control_frames: 2, empty_frames: 0 }"
        )
        let value = try #require(loaded.value)
        #expect(loaded.said == [] && value.listeners[0].protocols == ["http/1.1"])
        #expect(value.http2.maxStreams == 10 && value.http2.connectionWindow == 128 << 10)
        #expect(value.http2.heldBytes == 1 << 20)
        #expect(value.http2.abuse == HTTP2AbuseLimits(resets: 1, controlFrames: 2, emptyFrames: 0))
    }

    @Test("what makes no sense is complained of")
    func complaints() {
        #expect(
            load(rest: "http2: { streams: 0, window: 1KiB }").said == [
                "f:4:19: '0' is no valid 'streams' in 'http2', expected a whole number from 1 to 100000",
                "f:4:30: 'window' in 'http2' must be from 65535B to 2GiB - 1",
            ])
    }
}
