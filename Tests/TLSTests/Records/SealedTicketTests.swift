import TLS
import Testing

@Suite("A ticket's records")
struct SealedTicketTests {
    private func record(_ count: Int) -> [UInt8] {
        [23, 3, 3, UInt8(count >> 8), UInt8(count & 0xFF)] + [UInt8](repeating: 7, count: count)
    }

    @Test("are counted, and kept as they are")
    func counted() throws {
        let nothing = try #require(SealedTicket([]))
        #expect(nothing.records == 0)
        let one = try #require(SealedTicket(record(300)))
        #expect(one.records == 1)
        #expect(one.bytes == record(300))
        #expect(SealedTicket(record(1) + record(0) + record(0x1234))?.records == 3)
    }

    @Test("cut anywhere, they can't be told")
    func cut() {
        let whole = record(3) + record(2)
        for count in 1..<whole.count where count != record(3).count {
            #expect(SealedTicket(Array(whole[..<count])) == nil, "\(count) bytes")
        }
        #expect(SealedTicket(whole + [23]) == nil)
    }
}
