import Testing

@testable import Proxy

@Suite("Warm connections")
struct PoolMachineTests {
    @Test("as many are dialled as are missing, those under way counted")
    func refill() {
        var pool = PoolMachine(level: 3, most: 5)
        #expect(pool.refill(backendIsUsable: true) == 3)
        #expect(pool.refill(backendIsUsable: true) == 0)
        #expect(pool.dialEnded(withConnection: true) == true)
        #expect(pool.dialEnded(withConnection: false) == false)
        #expect(pool.idle == 1 && pool.dialling == 1)
        #expect(pool.refill(backendIsUsable: true) == 1)
        pool.left()
        #expect(pool.idle == 0 && pool.refill(backendIsUsable: true) == 1)
    }

    @Test("a backend that rests is not dialled")
    func resting() {
        var pool = PoolMachine(level: 3, most: 5)
        #expect(pool.refill(backendIsUsable: false) == 0)
        #expect(pool.dialling == 0)
    }

    @Test("a dial that ends at the level is not kept; what has served is, up to the most")
    func most() {
        var pool = PoolMachine(level: 1, most: 2)
        #expect(pool.refill(backendIsUsable: true) == 1)
        #expect(pool.returned() == true)
        #expect(pool.dialEnded(withConnection: true) == false)
        #expect(pool.returned() == true)
        #expect(pool.returned() == false)
        #expect(pool.idle == 2 && pool.dialling == 0)
    }

    @Test("numbers below nothing are nothing, and nothing is taken from it")
    func ends() {
        var pool = PoolMachine(level: -1, most: -1)
        #expect(pool.refill(backendIsUsable: true) == 0)
        #expect(pool.returned() == false)
        pool.left()
        #expect(pool.dialEnded(withConnection: false) == false)
        #expect(pool.idle == 0 && pool.dialling == 0)
    }
}
