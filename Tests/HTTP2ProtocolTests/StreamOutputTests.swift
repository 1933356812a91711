import BasicContainers
import Testing

@testable import HTTP2Protocol

@Suite("What a stream has to send")
struct StreamOutputTests {
    @Test("comes out in its order, in whatever pieces it goes in and out")
    func order() {
        let buffers = HTTP2Buffers()
        for (take, add) in [(1, 1), (1, 7), (7, 1), (3, 5), (100, 10)] {
            var output = StreamOutput()
            var sent = UniqueArray<UInt8>()
            var next: UInt8 = 0
            for _ in 0..<20 {
                let bytes = (0..<add).map { _ in
                    next &+= 1
                    return next
                }
                output.append(bytes.span, buffers)
                output.move(take, to: &sent, buffers)
            }
            output.move(.max, to: &sent, buffers)
            #expect(output.count == 0 && sent.count == 20 * add)
            for index in 0..<sent.count where sent[index] != UInt8(truncatingIfNeeded: index + 1) {
                Issue.record("byte \(index) with \(take) of \(add)")
            }
        }
    }

    @Test("holds nothing once it is cleared")
    func clear() {
        let buffers = HTTP2Buffers()
        var output = StreamOutput()
        var sent = UniqueArray<UInt8>()
        output.append([1, 2, 3].span, buffers)
        output.move(1, to: &sent, buffers)
        output.clear(buffers)
        #expect(output.count == 0)
        output.append([4].span, buffers)
        output.move(5, to: &sent, buffers)
        #expect(sent.count == 2 && sent[0] == 1 && sent[1] == 4)
    }

    @Test(arguments: [1, 3, 7, 100])
    func sharedBytesFollowAndAreNobodysOwn(step: Int) {
        let buffers = HTTP2Buffers()
        var output = StreamOutput()
        output.append([1, 2, 3].span, buffers)
        output.end(with: Array(4...20))
        #expect(output.count == 20 && output.ownCount == 3)
        var moved = UniqueArray<UInt8>()
        while output.count > 0 { output.move(min(step, output.count), to: &moved, buffers) }
        #expect(moved.indices.map { moved[$0] } == Array(1...20))
        output.end(with: [1])
        output.clear(buffers)
        #expect(output.count == 0)
    }
}
