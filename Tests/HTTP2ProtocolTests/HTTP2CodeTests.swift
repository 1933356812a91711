import HTTP2Protocol
import Testing

@Suite("HTTP/2 error codes")
struct HTTP2CodeTests {
    @Test("have the numbers and names of RFC 9113, 7")
    func names() {
        let named: [(HTTP2Code, UInt32, String)] = [
            (.noError, 0x0, "NO_ERROR"), (.protocolError, 0x1, "PROTOCOL_ERROR"),
            (.internalError, 0x2, "INTERNAL_ERROR"), (HTTP2Code(3), 0x3, "FLOW_CONTROL_ERROR"),
            (HTTP2Code(4), 0x4, "SETTINGS_TIMEOUT"), (.streamClosed, 0x5, "STREAM_CLOSED"),
            (HTTP2Code(6), 0x6, "FRAME_SIZE_ERROR"), (.refusedStream, 0x7, "REFUSED_STREAM"),
            (.cancel, 0x8, "CANCEL"), (HTTP2Code(9), 0x9, "COMPRESSION_ERROR"),
            (.connectError, 0xA, "CONNECT_ERROR"), (.enhanceYourCalm, 0xB, "ENHANCE_YOUR_CALM"),
            (HTTP2Code(12), 0xC, "INADEQUATE_SECURITY"), (.http11Required, 0xD, "HTTP_1_1_REQUIRED"),
        ]
        for (code, number, name) in named { #expect(code.number == number && code.description == name) }
    }

    @Test("those that the RFC doesn't know are kept", arguments: [14, 1000, UInt32.max])
    func unknown(number: UInt32) {
        #expect(HTTP2Code(number).number == number && HTTP2Code(number).description == "code \(number)")
    }
}
