import HTTP2Protocol
import Testing

@Suite("Buffers of a thread's HTTP/2 connections")
struct HTTP2BuffersTests {
    @Test("each session has a frame buffer on pages of its own, and gives it back")
    func frames() throws {
        let buffers = HTTP2Buffers()
        for round in 0..<3 {
            // More than are made ready in one step.
            var sessions = try (0..<150).map { number in
                try HTTP2Session(
                    number.isMultiple(of: 2) ? .server : .client, HTTP2Options(), buffers: buffers, at: 0)
            }
            #expect(buffers.frameBuffers == 150)
            for session in sessions {
                let settings = try Conversation.output(of: session)
                #expect(settings.count > 9, "in round \(round)")
            }
            sessions.removeFirst(100)
            #expect(buffers.frameBuffers == 50)
            sessions = []
            #expect(buffers.frameBuffers == 0)
        }
    }
}
