import Testing

@testable import Proxy

@Suite("The number in a Ping")
struct PingNumberTests {
    @Test("comes back as it went", arguments: [0, 1, 255, 256, 0x0102_0304_0506_0708, UInt64.max])
    func goesAround(number: UInt64) {
        #expect(PingNumber.payload(number).count == 8)
        #expect(PingNumber.read(PingNumber.payload(number)) == number)
    }

    @Test("stands in network order")
    func order() {
        #expect(PingNumber.payload(0x0102_0304_0506_0708) == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test("any other payload is none", arguments: [0, 1, 7, 9, 125])
    func others(count: Int) {
        #expect(PingNumber.read([UInt8](repeating: 1, count: count)) == nil)
    }
}
