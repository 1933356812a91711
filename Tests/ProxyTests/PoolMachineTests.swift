import Testing

@testable import Proxy

@Suite("Warm connections")
struct PoolMachineTests {
    @Test("as many are dialled as are missing, those under way counted")
    func refill() {
        var pool = PoolMachine(level: .fixed(3), most: 5)
        #expect(pool.refill(backendIsUsable: true, at: 0) == 3)
        #expect(pool.refill(backendIsUsable: true, at: 0) == 0)
        #expect(pool.dialEnded(withConnection: true, at: 0) == true)
        #expect(pool.dialEnded(withConnection: false, at: 0) == false)
        #expect(pool.idle == 1 && pool.dialling == 1)
        #expect(pool.refill(backendIsUsable: true, at: 0) == 1)
        pool.left()
        #expect(pool.idle == 0 && pool.refill(backendIsUsable: true, at: 0) == 1)
    }

    @Test("a backend that rests is not dialled")
    func resting() {
        var pool = PoolMachine(level: .fixed(3), most: 5)
        #expect(pool.refill(backendIsUsable: false, at: 0) == 0)
        #expect(pool.dialling == 0)
    }

    @Test("a dial that ends at the level is not kept; what has served is, up to the most")
    func most() {
        var pool = PoolMachine(level: .fixed(1), most: 2)
        #expect(pool.refill(backendIsUsable: true, at: 0) == 1)
        #expect(pool.returned() == true)
        #expect(pool.dialEnded(withConnection: true, at: 0) == false)
        #expect(pool.returned() == true)
        #expect(pool.returned() == false)
        #expect(pool.idle == 2 && pool.dialling == 0)
    }

    @Test("numbers below nothing are nothing, and nothing is taken from it")
    func ends() {
        var pool = PoolMachine(level: .fixed(-1), most: -1)
        #expect(pool.refill(backendIsUsable: true, at: 0) == 0)
        #expect(pool.returned() == false)
        pool.left()
        #expect(pool.dialEnded(withConnection: false, at: 0) == false)
        #expect(pool.idle == 0 && pool.dialling == 0)
    }

    @Test("auto: nothing before a 101, what comes in a second after it, less for each that waits in vain")
    func auto() {
        var pool = PoolMachine(level: .auto, most: 5)
        #expect(pool.refill(backendIsUsable: true, at: 0) == 0)
        for _ in 0..<15 { pool.upgraded(at: 0) }
        #expect(pool.refill(backendIsUsable: true, at: 0) == 3)
        for _ in 0..<2 { #expect(pool.dialEnded(withConnection: true, at: 0) == true) }
        // By the time that the third dial ends it is no longer called for.
        #expect(pool.dialEnded(withConnection: true, at: 3_000_000_000) == false)
        pool.wastedOne()
        #expect(pool.idle == 1 && pool.refill(backendIsUsable: true, at: 0) == 0)
        for _ in 0..<1000 { pool.upgraded(at: 0) }
        #expect(pool.refill(backendIsUsable: true, at: 0) == 4)
    }

    @Test("how long one that was dialled ahead waits")
    func patience() {
        let auto = PoolMachine(level: .auto, most: 5)
        #expect(auto.patience(idleTimeout: .seconds(60)) == WarmDemand.patience)
        #expect(
            auto.patience(idleTimeout: .zero) == WarmDemand.patience
                && auto.patience(idleTimeout: .seconds(1)) == .seconds(1))
        let fixed = PoolMachine(level: .fixed(1), most: 5)
        #expect(fixed.patience(idleTimeout: .seconds(60)) == .seconds(60))
        #expect(fixed.patience(idleTimeout: .zero) == .zero)
    }
}
