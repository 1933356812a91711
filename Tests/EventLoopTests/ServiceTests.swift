import Testing

@testable import EventLoop

@Suite("Services of a name")
struct ServiceTests {
    private func service(_ target: String, _ port: UInt16 = 1, _ priority: Int = 0, _ weight: Int = 0)
        -> Service
    {
        Service(target: target, port: port, priority: priority, weight: weight)
    }

    @Test("the lower priority comes first, and what says that there is none is left out")
    func groups() {
        let groups = Service.groups([
            service("c", 1, 20), service("a", 1, 10), service(".", 1, 0), service("", 1, 0),
            service("z", 0, 0),
            service("b", 2, 10),
        ])
        #expect(groups.map { $0.map(\.target) } == [["a", "b"], ["c"]])
        #expect(Service.groups([service(".")]) == [])
    }

    @Test(
        "weights are shares, brought down together where they are large",
        arguments: [
            ([0, 0], [nil, nil]), ([1, 3], [1, 3]), ([0, 10], [1, 10]), ([1000, 500], [1000, 500]),
            ([65535, 0, 32768], [1000, 1, 500]),
        ] as [([Int], [Int?])])
    func shares(weights: [Int], shares: [Int?]) {
        #expect(Service.shares(weights.map { service("a", 1, 0, $0) }) == shares)
    }
}
