import Access
import HandedBytes
import TLS
import Testing

@testable import Proxy

@Suite("The state that a process leaves to the next")
struct HandedStateTests {
    private func bytes(_ state: HandedState, room: Int = 1 << 16) -> [UInt8]? {
        var isWhole = false
        let bytes = [UInt8](capacity: room) { (output: inout OutputSpan<UInt8>) in
            isWhole = state.write(to: &output)
        }
        return isWhole ? bytes : nil
    }

    private func decoded(_ bytes: [UInt8]) throws -> HandedState { try HandedState(reading: bytes.span) }

    private func example() throws -> HandedState {
        let keys = try TicketKeys()
        try keys.rotate()
        var state = HandedState()
        state.tickets = [
            .init(listener: "127.0.0.1:8443", secrets: keys.secrets, period: 60, due: 1 << 40),
            .init(listener: "unix:/run/ü.sock", secrets: [keys.secrets[0]], period: 0, due: nil),
        ]
        state.routes = ["chat", ""]
        state.upstreams = [
            "chat": DrainMarks(isWhole: true, named: ["[::1]:9001": false, "app.test:9001": true]),
            "rest": DrainMarks(),
        ]
        state.revocations = [
            (try #require(Revocation(subject: "ada", issuedBefore: 5)), 10),
            (try #require(Revocation(tokenID: "ü")), 11.5), (try #require(Revocation(subject: "")), 12),
        ]
        state.tokenLife = 3600
        state.family = .init(
            key: try #require(ResumeKey(Array(1...32))),
            elders: [.init(process: .max, line: 7), .init(process: 0, line: 8)], back: (9, 10))
        return state
    }

    @Test("is read as it was written")
    func whole() throws {
        let left = try example()
        let read = try decoded(try #require(bytes(left)))
        #expect(read.revocations.map(\.revocation) == left.revocations.map(\.revocation))
        #expect(read.revocations.map(\.until) == [10, 11.5, 12] && read.tokenLife == 3600)
        #expect(read.routes == left.routes && read.upstreams == left.upstreams)
        #expect(read.tickets.map(\.listener) == left.tickets.map(\.listener))
        #expect(read.tickets.map(\.due) == [1 << 40, nil] && read.tickets.map(\.period) == [60, 0])
        for (one, other) in zip(read.tickets, left.tickets) {
            #expect(one.secrets.count == other.secrets.count)
            #expect(zip(one.secrets, other.secrets).allSatisfy { $0.isSame(as: $1) })
        }
        #expect(read.family?.key == left.family?.key && read.family?.elders == left.family?.elders)
        #expect(read.family?.back.inbox == 9 && read.family?.back.line == 10)
        let none = try decoded(try #require(bytes(HandedState())))
        #expect(none.family == nil)
        #expect(none.tickets.isEmpty && none.routes.isEmpty && none.upstreams.isEmpty)
    }

    @Test("is not read when a byte is missing, is another, or is one too many")
    func garbled() throws {
        let good = try #require(bytes(try example()))
        for count in 0..<good.count {
            #expect(throws: HandedStateError.self) { _ = try decoded(Array(good[..<count])) }
        }
        for index in good.indices {
            for mask: UInt8 in [1, 0x80, 0xff] {
                var bad = good
                bad[index] ^= mask
                #expect(throws: HandedStateError.self) { _ = try decoded(bad) }
            }
        }
        #expect(throws: HandedStateError.garbled) { _ = try decoded(good + [0]) }
        var foreign = good
        foreign[0] = 0
        #expect(throws: HandedStateError.foreign) { _ = try decoded(foreign) }
        var later = good
        later[9] = 4
        #expect(throws: HandedStateError.version(4)) { _ = try decoded(later) }
    }

    @Test("is not trusted where it is well sealed and says nonsense")
    func nonsense() throws {
        let keys = try TicketKeys()
        for count in [0, 3] {
            let secrets = Array(repeating: keys.secrets[0], count: count)
            var state = HandedState()
            state.tickets = [.init(listener: "a", secrets: secrets, period: 0, due: nil)]
            let written = try #require(bytes(state))
            #expect(throws: HandedStateError.garbled) { _ = try decoded(written) }
        }
        for line: Int32 in [-1, 0, 2] {
            var state = HandedState()
            state.family = .init(
                key: try #require(ResumeKey(Array(1...32))), elders: [.init(process: 1, line: line)],
                back: (9, 10))
            let written = try #require(bytes(state))
            #expect(throws: HandedStateError.garbled) { _ = try decoded(written) }
        }
    }

    @Test("is written whole or not at all")
    func room() throws {
        let state = try example()
        let whole = try #require(bytes(state))
        for room in 0..<whole.count { #expect(bytes(state, room: room) == nil) }
        #expect(bytes(state, room: whole.count) != nil)
        #expect(bytes(HandedState(routes: [String(repeating: "x", count: 65_536)]), room: 1 << 17) == nil)
        #expect(bytes(HandedState(routes: Array(repeating: "", count: 65_536)), room: 1 << 18) == nil)
    }
}
