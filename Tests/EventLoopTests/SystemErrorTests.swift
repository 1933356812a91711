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
    }

    @Test("of what is lacking here say what it is")
    func shortages() {
        for code: Int32 in [23, 24] { #expect(error(code).shortage == .descriptors) }
        for code: Int32 in [12, 105] { #expect(error(code).shortage == .memory) }
        #expect(error(99).shortage == .ports)
        #expect(SystemError(call: "bind", code: 99).shortage == nil)
        for code: Int32 in [11, 104, 110, 111, 113] { #expect(error(code).shortage == nil) }
        // A peer that was held too much for is no shortage of ours.
        #expect(SystemError.memoryCut.shortage == nil)
        #expect(SystemError.noDescriptor.shortage == .descriptors)
    }
}
