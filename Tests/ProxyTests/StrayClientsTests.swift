import Testing

@testable import Proxy

@Suite("Clients that are to come by HTTP/1.1")
struct StrayClientsTests {
    private func key(_ address: String) throws -> ClientKey { try #require(ClientKey(address)) }

    @Test("are known for a while, each by its own address")
    func whiles() throws {
        var table = StrayTable()
        table.note(try key("10.0.0.1"), at: 5)
        #expect(table.covers(try key("10.0.0.1"), at: 5 + StrayTable.time - 1))
        #expect(!table.covers(try key("10.0.0.2"), at: 6))
        table.note(try key("10.0.0.1"), at: 7)
        #expect(table.covers(try key("10.0.0.1"), at: 5 + StrayTable.time))
        #expect(!table.covers(try key("10.0.0.1"), at: 7 + StrayTable.time) && table.count == 0)
    }

    @Test("are so many at most, and those whose time is over make room")
    func bounded() throws {
        var table = StrayTable()
        for number in 0...StrayTable.most {
            table.note(try key("10.1.\(number / 256).\(number % 256)"), at: 0)
        }
        #expect(table.count == StrayTable.most)
        table.note(try key("10.0.0.1"), at: StrayTable.time)
        let last = try key("10.0.0.1")
        #expect(table.count == 1 && table.covers(last, at: StrayTable.time))
    }

    @Test("are known to all workers; who has no address is not one of them")
    func shared() {
        let clients = StrayClients()
        #expect(!clients.covers("10.0.0.1", at: 0))
        clients.note("unix:", at: 0)
        #expect(!clients.covers("unix:", at: 1))
        clients.note("10.0.0.1", at: 0)
        #expect(clients.covers("10.0.0.1", at: 1) && !clients.covers("10.0.0.2", at: 1))
    }
}
