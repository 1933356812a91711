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

    @Test("of too many the preferred ones are taken, the same each time, and none twice")
    func chosen() {
        let many = (0..<600).map { Service(target: "h\($0)", port: 1, priority: $0 % 3, weight: 0) }
        let first = Service.chosen(many, most: 256)
        #expect(first.count == 256 && first.filter { $0.priority == 0 }.count == 200)
        for _ in 0..<5 { #expect(Service.chosen((many + many).shuffled(), most: 256) == first) }
        #expect(Service.chosen([many[2], many[0], many[2]], most: 3) == [many[2], many[0]])
    }
}
