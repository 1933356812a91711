import EventLoop
import Testing

@testable import Proxy

@Suite("Roster")
struct RosterTests {
    private final class Client {}

    private func lines(_ number: Int) -> CacheLines {
        var lines = CacheLines()
        lines.add(UInt(number + 1) * 64, bytes: 64)
        return lines
    }

    @Test("a client gets the next place")
    func append() {
        var roster = Roster<Client>()
        #expect(roster.isEmpty)
        let clients = (0..<3).map { _ in Client() }
        for (number, client) in clients.enumerated() {
            #expect(roster.append(client, lines(number)) == number)
        }
        #expect(roster.count == 3)
        #expect(zip(roster.clients, clients).allSatisfy { $0 === $1 })
    }

    @Test("the last one takes the place of one that leaves")
    func remove() {
        var roster = Roster<Client>()
        let clients = (0..<4).map { _ in Client() }
        for (number, client) in clients.enumerated() { _ = roster.append(client, lines(number)) }
        #expect(roster.remove(at: 1) === clients[3])
        #expect(roster.remove(at: 2) == nil)
        #expect(roster.count == 2)
        #expect(roster.clients[0] === clients[0] && roster.clients[1] === clients[3])
        #expect(roster.remove(at: 0) === clients[3])
        #expect(roster.remove(at: 0) == nil)
        #expect(roster.isEmpty)
    }

    @Test("what is fetched follows its client")
    func linesFollow() {
        var roster = Roster<Client>()
        let clients = (0..<4).map { _ in Client() }
        for (number, client) in clients.enumerated() { _ = roster.append(client, lines(number)) }
        _ = roster.remove(at: 0)
        #expect(roster.lines.map(\.addresses) == [[256], [128], [192]])
        for place in 0...9 { roster.fetch(place) }
    }
}
