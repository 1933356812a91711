import Testing

@testable import Proxy

@Suite("Which sessions are meant")
struct SessionFilterTests {
    private let session = SessionFilter.Traits(
        route: "chat", backend: "127.0.0.1:9001", upstream: "app", client: "10.1.2.3", subject: "ada",
        state: .open, age: .microseconds(1000))

    private func filter(_ change: (inout SessionFilter) -> Void) -> SessionFilter {
        var filter = SessionFilter()
        change(&filter)
        return filter
    }

    @Test("all that is given must be so")
    func each() {
        #expect(SessionFilter().matches(session) && SessionFilter().isEmpty)
        let changes: [(inout SessionFilter) -> Void] = [
            { $0.route = "chat" }, { $0.backend = "127.0.0.1:9001" }, { $0.upstream = "app" },
            { $0.client = .init("10.0.0.0/8") }, { $0.client = .init("10.1.2.3") }, { $0.subject = "ada" },
            { $0.state = .open }, { $0.olderThan = .microseconds(1000) },
        ]
        for change in changes {
            #expect(filter(change).matches(session) && !filter(change).isEmpty)
        }
        #expect(filter { filter in for change in changes { change(&filter) } }.matches(session))
        let others: [(inout SessionFilter) -> Void] = [
            { $0.route = "cha" }, { $0.backend = "127.0.0.1" }, { $0.upstream = "" },
            { $0.client = .init("11.0.0.0/8") }, { $0.client = .init("unix:") }, { $0.subject = "Ada" },
            { $0.state = .closing }, { $0.olderThan = .microseconds(1001) },
        ]
        for other in others {
            #expect(!filter(other).matches(session))
            #expect(
                !filter {
                    other(&$0); $0.olderThan = $0.olderThan ?? .zero
                }.matches(session))
        }
    }

    @Test("an address is one however it is spelt; clients on a Unix socket are found too")
    func clients() {
        #expect(SessionFilter.Clients("2001:db8::/32").contains("2001:0db8:0:0::1"))
        #expect(SessionFilter.Clients("unix:").contains("unix:"))
        #expect(!SessionFilter.Clients("10.0.0.1").contains("unix:"))
    }

    @Test("the name of a session has one spelling")
    func ids() {
        let id = SessionID(worker: 3, number: 0xF00)
        #expect(id.description == "3-f00" && SessionID("3-f00") == id)
        for text in ["", "3", "3-", "-f00", "3-F00", "03-f00", "3-0f00", "3-f00-1", "+3-f00", "3-zz"] {
            #expect(SessionID(text[...]) == nil, "\(text)")
        }
    }

    @Test("closes come at a rate over all workers, or within half a second")
    func pace() {
        let slow = CloseOrder(SessionFilter(), .init(), rate: 10, now: 0)
        #expect((0..<3).map { _ in slow.delay(of: 100, at: 0, jitter: 0) } == [0, 100_000_000, 200_000_000])
        let fast = CloseOrder(SessionFilter(), .init(), rate: nil, now: 0)
        #expect(fast.delay(of: 3, at: 7, jitter: .max) == 0)
        #expect(fast.delay(of: 1000, at: 7, jitter: .max) < 500_000_000)
    }
}
