import HTTPProtocol
import HandedBytes
import Testing

@testable import Proxy

@Suite("What processes of one family tell each other")
struct FamilyWordsTests {
    private func bytes(
        room: Int = 1 << 12, _ write: (inout OutputSpan<UInt8>) -> Bool
    ) -> [UInt8]? {
        var isWhole = false
        let bytes = [UInt8](capacity: room) { (output: inout OutputSpan<UInt8>) in isWhole = write(&output) }
        return isWhole ? bytes : nil
    }

    private func word(_ bytes: [UInt8]) throws -> FamilyWord { try FamilyWord(reading: bytes.span) }

    private func order(_ body: [UInt8] = [1, 0, 255]) throws -> FamilyOrder {
        var fields = HeaderFields()
        fields.append("Content-Type", "text/plain")
        fields.append("Authorization", "Bearer secret")
        let head = RequestHead(
            method: "POST", target: try RequestTarget(text: "/sessions/close?route=a%20b"), fields: fields)
        return FamilyOrder(AdminRequest(head: head, body: body), id: .max, processes: 3, limit: 100_000)
    }

    private let answer = FamilyAnswer(
        id: 7, process: 4711, status: 404, contentType: "text/plain",
        counts: [AdminCount(name: "sessions", value: 3), AdminCount(name: "more", value: 0)],
        body: Array("nothing".utf8))

    @Test("an answer says who has asked, by the number of the order")
    func asker() {
        for (process, random) in [(1, 0), (4711, .max), (Int(UInt32.max), 1)] as [(Int, UInt64)] {
            let answer = FamilyAnswer(
                id: FamilyOrder.id(of: process, random), process: 1, counts: [], body: [])
            #expect(answer.asker == process)
        }
        #expect(FamilyOrder.id(of: 1, 1) != FamilyOrder.id(of: 1, 2))
    }

    @Test("an order is read as it was written, without what allowed it")
    func orders() throws {
        let order = try order()
        guard case .order(let read) = try word(try #require(bytes(order.write))) else {
            Issue.record("it is no order")
            return
        }
        #expect(read == order)
        #expect(read.request.head.fields.first("content-type") == "text/plain")
        #expect(read.request.head.fields.first("authorization") == nil)
        #expect(read.request.head.target.text == "/sessions/close?route=a%20b")
        #expect(read.request.body == [1, 0, 255])
    }

    @Test("an answer is read as it was written")
    func answers() throws {
        guard case .answer(let read) = try word(try #require(bytes(answer.write))) else {
            Issue.record("it is no answer")
            return
        }
        #expect(read == answer)
        #expect(read.count("sessions") == 3 && read.count("none") == 0)
    }

    @Test("each has the room that it asks for")
    func capacity() throws {
        let order = try order([UInt8](repeating: 1, count: 70_000))
        #expect(bytes(room: order.capacity, order.write) != nil)
        #expect(bytes(room: answer.capacity, answer.write) != nil)
    }

    @Test("a part of one, or one with more behind it, is none")
    func cut() throws {
        for whole in [try #require(bytes(try order().write)), try #require(bytes(answer.write))] {
            for end in 0..<whole.count {
                #expect(throws: HandedStateError.self) { try word(Array(whole[..<end])) }
            }
            #expect(throws: HandedStateError.garbled) { try word(whole + [0]) }
            var other = whole
            other[8] = 2
            #expect(throws: HandedStateError.version(2)) { try word(other) }
        }
    }

    @Test("a state is read as one")
    func states() throws {
        guard case .state = try word(try #require(bytes(HandedState().write))) else {
            Issue.record("it is no state")
            return
        }
    }
}
