import Testing

@testable import Proxy

@Suite("Connections of a client")
struct ClientCountsTests {
    @Test("are counted by address, and given back by whoever lets go of the place")
    func places() throws {
        let connections = ClientConnections()
        let client = try #require(ClientKey("192.0.2.1"))
        let other = try #require(ClientKey("2001:db8::1"))
        var places = [connections.enter(client, most: 2), connections.enter(client, most: 2)]
        #expect(places.allSatisfy { $0 != nil } && connections.enter(client, most: 2) == nil)
        let neighbour = try #require(ClientKey("2001:db8::2"))
        let foreign = connections.enter(other, most: 1)
        #expect(foreign != nil && connections.enter(neighbour, most: 1) == nil)
        places.removeLast()
        #expect(connections.enter(client, most: 2) != nil)
        #expect(connections.enter(client, most: 1) == nil)
    }
}
