import Configuration
import Testing

@Suite("HTTP/2 in the configuration")
struct HTTP2ConfigurationTests {
    private func load(_ lines: String, listener: String = "") throws -> (ProxyConfiguration, [String]) {
        let text = """
            listeners:
              - address: 127.0.0.1:8080
            \(listener)
            routes:
              - { name: app, upstream: app }
            upstreams:
              app: { backends: [{ address: "127.0.0.1:9001" }] }
            \(lines)
            """
        let loaded = try ConfigurationLoader.load(text, file: "f", environment: [:])
        return (loaded.configuration, loaded.diagnostics.map(\.description))
    }

    @Test("both versions are spoken by default, within limits")
    func defaults() throws {
        let (value, complaints) = try load("")
        #expect(complaints.isEmpty && value.listeners[0].protocols == ["h2", "http/1.1"])
        #expect(value.http2 == HTTP2Configuration())
    }

    @Test("every key is read")
    func keys() throws {
        let (value, complaints) = try load(
            "http2: { streams: 10, window: 128KiB, buffer: 1MiB, resets: 1, control_frames: 2, empty_frames: 0 }",
            listener: "    protocols: [http/1.1]")
        #expect(complaints.isEmpty && value.listeners[0].protocols == ["http/1.1"])
        #expect(value.http2.streams == 10 && value.http2.window == 128 << 10 && value.http2.buffer == 1 << 20)
        #expect(value.http2.resets == 1 && value.http2.controlFrames == 2 && value.http2.emptyFrames == 0)
    }

    @Test("what makes no sense is complained of")
    func complaints() throws {
        let (_, complaints) = try load("http2: { streams: 0, window: 1KiB }", listener: "    protocols: [h3]")
        #expect(
            complaints == [
                "f:3:17: unknown protocol 'h3', expected h2 or http/1.1",
                "f:8:19: '0' is no valid 'streams' in 'http2', expected a whole number from 1 to 100000",
                "f:8:30: 'window' in 'http2' must be from 65535B to 2GiB - 1",
            ])
        #expect(
            try load("", listener: "    protocols: []").1 == [
                "f:2:5: 'protocols' of listener 1 is empty, expected h2 or http/1.1"
            ])
    }
}
