import Testing

@testable import Access

@Suite("Values by keys, in bounds")
struct KeyTableTests {
    @Test("a key finds its value, and there are never more than there is room for")
    func recent() {
        var table = KeyTable<Int, Int>(capacity: 3)
        var made = 0
        func ask(_ key: Int) -> Int {
            table.value(
                of: key,
                make: {
                    made += 1
                    return made
                }, isHeld: { _ in false })
        }
        #expect([ask(1), ask(2), ask(3), ask(1)] == [1, 2, 3, 1] && table.count == 3)
        for key in 4..<100 {
            #expect(ask(key) == ask(key) && table.count <= 3)
        }
    }

    @Test("what is asked for often outlives what is not")
    func clock() {
        var table = KeyTable<Int, Int>(capacity: 100)
        var made = 0
        for key in 0..<10_000 {
            _ = table.value(of: key, make: { key }, isHeld: { _ in false })
            _ = table.value(
                of: -1,
                make: {
                    made += 1
                    return -1
                }, isHeld: { _ in false })
        }
        #expect(made < 20 && table.count <= 100)
    }

    @Test("what is held stays, all of it if need be, and what was too much goes when it is let go of")
    func held() {
        var table = KeyTable<Int, Int>(capacity: 4)
        for key in 0..<200 { _ = table.value(of: key, make: { key }, isHeld: { $0 < 50 }) }
        for key in 0..<50 {
            #expect(table.value(of: key, make: { -1 }, isHeld: { $0 < 50 }) == key)
        }
        #expect(table.count < 54)
        for key in 300..<400 { _ = table.value(of: key, make: { key }, isHeld: { _ in false }) }
        #expect(table.count <= 4)
    }
}
