import Access
import Testing

struct TimedCacheTests {
    @Test("a value is there until its time, and is replaced by a later one")
    func time() {
        var cache = TimedCache<String, Int>(capacity: 4)
        cache.keep(1, for: "a", until: 10)
        #expect(cache.value(of: "a", at: 9) == 1 && cache.value(of: "a", at: 10) == nil)
        cache.keep(2, for: "a", until: 20)
        #expect(cache.value(of: "a", at: 15) == 2 && cache.value(of: "b", at: 0) == nil)
        cache.removeAll()
        #expect(cache.count == 0)
    }

    @Test("there are never more than there is room for, whatever comes")
    func bounds() {
        var cache = TimedCache<Int, Int>(capacity: 10)
        for number in 0..<1000 {
            cache.keep(number, for: number % 2 == 0 ? 0 : number, until: .max)
            #expect(cache.count <= 10)
        }
        #expect(cache.value(of: 999, at: 0) == 999 && cache.value(of: 0, at: 0) == 998)
        #expect(cache.value(of: 1, at: 0) == nil)
    }
}
