import Testing

@testable import EventLoop

@Suite("System errors")
struct SystemErrorTests {
    // Linux's numbers (asm-generic/errno.h).
    private func error(_ code: Int32) -> SystemError { SystemError(call: "connect", code: code) }

    @Test("are told by the call and the C library's words")
    func words() {
        #expect(error(111).description == "connect: Connection refused")
        #expect(error(2).reason == "No such file or directory")
    }

    @Test("are told apart where something can be done about them")
    func kinds() {
        #expect(error(111).isConnectionRefused && !error(110).isConnectionRefused)
        #expect(error(98).isAddressInUse && !error(99).isAddressInUse)
        for code: Int32 in [12, 23, 24, 105] { #expect(error(code).isShortage) }
        for code: Int32 in [11, 104, 111] { #expect(!error(code).isShortage) }
    }
}
