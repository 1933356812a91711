import EventLoop
import Testing

@testable import Proxy

@Suite("Upstream state")
struct UpstreamStateTests {
    private func socket(_ ip: String) throws -> SocketAddress {
        try #require(SocketAddress(ip: ip, port: 9001))
    }

    private func entry(_ address: BackendAddress, weight: Int = 1) -> UpstreamState.Entry {
        UpstreamState.Entry(address: address, weight: weight, maxSessions: 0, handshakes: 0)
    }

    private func names(_ state: UpstreamState) -> [String] { state.members.map(\.state.name) }

    @Test("a service's records have their own weights, and another weight is another answer")
    func weights() throws {
        let state = UpstreamState(name: "app")
        state.configure([entry(.name("_ws._tcp.app.test", port: 0), weight: 7)])
        #expect(names(state) == ["_ws._tcp.app.test"])
        let here = try socket("10.0.0.1")
        let there = try socket("10.0.0.2")
        let isNew = state.resolved("_ws._tcp.app.test", [Endpoint(here, weight: 3), Endpoint(there)])
        #expect(isNew && state.members.map(\.weight) == [3, 7])
        let isSame = state.resolved("_ws._tcp.app.test", [Endpoint(there), Endpoint(here, weight: 3)])
        let isOther = state.resolved("_ws._tcp.app.test", [Endpoint(here, weight: 4), Endpoint(there)])
        #expect(!isSame && isOther && state.members.map(\.weight) == [4, 7])
    }

    @Test("a name is a backend of its own until it is resolved, then each address is one")
    func resolves() throws {
        let state = UpstreamState(name: "app")
        state.configure([entry(.name("app.test", port: 9001)), entry(.socket(try socket("10.0.0.9")))])
        #expect(names(state) == ["app.test:9001", "10.0.0.9:9001"])
        let version = state.version
        let isNew = state.resolved(
            "app.test:9001", [Endpoint(try socket("10.0.0.1")), Endpoint(try socket("::1"))])
        #expect(isNew && state.version != version)
        #expect(names(state) == ["10.0.0.1:9001", "[::1]:9001", "10.0.0.9:9001"])
        // The same answer in another order changes nothing, and none is no answer.
        let isSame = state.resolved(
            "app.test:9001", [Endpoint(try socket("::1")), Endpoint(try socket("10.0.0.1"))])
        let isNone = state.resolved("app.test:9001", [])
        #expect(!isSame && !isNone && names(state).count == 3)
    }

    @Test("who stays keeps its counts and its drain through answers and reloads")
    func keeps() throws {
        let state = UpstreamState(name: "app")
        let name = entry(.name("app.test", port: 9001), weight: 3)
        state.configure([name])
        _ = state.resolved(
            "app.test:9001", [Endpoint(try socket("10.0.0.1")), Endpoint(try socket("10.0.0.2"))])
        let first = try #require(state.members.first?.state)
        first.sessionBegan()
        first.setDraining(true)
        _ = state.resolved(
            "app.test:9001", [Endpoint(try socket("10.0.0.1")), Endpoint(try socket("10.0.0.3"))])
        state.configure([name])
        #expect(state.members.first?.state === first && first.sessions == 1 && first.isDraining)
        #expect(names(state) == ["10.0.0.1:9001", "10.0.0.3:9001"] && first.weight == 3)
    }

    @Test("who is gone is remembered as long as it carries something, and known to be gone")
    func gone() throws {
        let registry = BackendRegistry()
        let both = [entry(.socket(try socket("10.0.0.1"))), entry(.socket(try socket("10.0.0.2")))]
        let state = try #require(registry.adopt(["app": both])["app"])
        let second = state.members[1].state
        second.sessionBegan()
        _ = registry.adopt(["app": [both[0]]])
        #expect(names(state) == ["10.0.0.1:9001"] && !second.isConfigured)
        #expect(state.backends.map(\.name) == ["10.0.0.1:9001", "10.0.0.2:9001"])
        second.sessionEnded()
        #expect(state.backends.map(\.name) == ["10.0.0.1:9001"])
        _ = registry.adopt([:])
        #expect(state.members.isEmpty && registry.all.count == 1)
    }

    @Test("a drain is by address or by the entry that led to it")
    func drains() throws {
        let registry = BackendRegistry()
        let state = try #require(registry.adopt(["app": [entry(.name("app.test", port: 9001))]])["app"])
        _ = state.resolved(
            "app.test:9001", [Endpoint(try socket("10.0.0.1")), Endpoint(try socket("10.0.0.2"))])
        #expect(registry.setDraining(true, backend: "10.0.0.1:9001").count == 1)
        #expect(state.members.map(\.state.isDraining) == [true, false])
        #expect(registry.setDraining(true, backend: "app.test:9001", upstream: "app").count == 2)
        #expect(registry.setDraining(true, backend: "app.test:9001", upstream: "other").isEmpty)
    }

    @Test("an order holds for those that come later, and goes with what it names")
    func laterBackends() throws {
        let state = UpstreamState(name: "app")
        let first = entry(.socket(try socket("10.0.0.9")))
        let name = entry(.name("app.test", port: 9001))
        func flushed() -> [Bool] { state.members.map(\.state.isDraining) }
        state.configure([first, name])
        _ = state.resolved("app.test:9001", [Endpoint(try socket("10.0.0.1"))])
        _ = state.setDrained(true, backend: "app.test:9001")
        #expect(flushed() == [false, true])
        _ = state.resolved(
            "app.test:9001", [Endpoint(try socket("10.0.0.2")), Endpoint(try socket("10.0.0.1"))])
        #expect(flushed() == [false, true, true])
        // One of them is had again; when its address goes and comes back, it is one of the name's as any other.
        _ = state.setDrained(false, backend: "10.0.0.2:9001")
        #expect(flushed() == [false, false, true])
        _ = state.resolved("app.test:9001", [Endpoint(try socket("10.0.0.1"))])
        _ = state.resolved("app.test:9001", [Endpoint(try socket("10.0.0.2"))])
        #expect(flushed() == [false, true])
        // The configuration forgets the entry, and with it the order.
        state.configure([first])
        state.configure([first, name])
        #expect(flushed() == [false, false])
        _ = state.setDrained(true)
        state.configure([first, name, entry(.socket(try socket("10.0.0.8")))])
        #expect(flushed() == [true, true, true])
        state.configure([])
        state.configure([first])
        #expect(flushed() == [false] && state.drained.isEmpty)
    }

    @Test("orders of the process before hold before a name is resolved")
    func takenOver() throws {
        let state = UpstreamState(name: "app")
        state.configure([entry(.name("app.test", port: 9001)), entry(.socket(try socket("10.0.0.9")))])
        let marks = DrainMarks(named: ["10.0.0.1:9001": true, "10.0.0.9:9001": true])
        state.takeDrained(marks)
        #expect(state.drained == marks && state.members.map(\.state.isDraining) == [false, true])
        _ = state.resolved(
            "app.test:9001", [Endpoint(try socket("10.0.0.1")), Endpoint(try socket("10.0.0.2"))])
        #expect(state.members.map(\.state.isDraining) == [true, false, true])
    }

    @Test("the backend that gave a key out is remembered")
    func keys() {
        let state = UpstreamState(name: "app")
        state.learn([0xff], from: "10.0.0.1:9001")
        #expect(state.giver(of: [0xff]) == "10.0.0.1:9001" && state.giver(of: [0xfe]) == nil)
    }
}
