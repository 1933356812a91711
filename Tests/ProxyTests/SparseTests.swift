import Testing

@testable import Proxy

@Suite("A number that may be missing")
struct SparseTests {
    private struct Holder: Equatable {
        @Sparse var number: UInt64?
    }

    @Test("is there, is missing, and takes no more room than one that is always there")
    func values() {
        var holder = Holder()
        #expect(holder.number == nil)
        for number in [0, 1, .max - 1] as [UInt64] {
            holder.number = number
            #expect(holder.number == number && holder == Holder(number: Sparse(wrappedValue: number)))
        }
        holder.number = nil
        #expect(holder == Holder() && MemoryLayout<Holder>.size == MemoryLayout<UInt64>.size)
    }
}
