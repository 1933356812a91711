import Testing
import WebSocketProtocol

@Suite("Close payload")
struct ClosePayloadTests {
    @Test("nothing, a code, a code and a reason: there and back")
    func literals() throws {
        #expect(try ClosePayload(parsing: []) == .empty)
        #expect(ClosePayload.empty.encoded == [])
        #expect(ClosePayload.empty.code == nil && ClosePayload.empty.reason.isEmpty)
        // 1000 is 03E8, 4999 is 1387.
        let going: [UInt8] = [0x03, 0xE9]
        #expect(try ClosePayload(parsing: going) == ClosePayload(.goingAway, ""))
        let normal: [UInt8] = [0x03, 0xE8, 0x62, 0x79, 0x65]
        #expect(try ClosePayload(parsing: normal) == ClosePayload(.normal, "bye"))
        #expect(ClosePayload(.normal, "bye").encoded == normal)
        let own = try ClosePayload(parsing: [0x13, 0x87, 0xC3, 0xA9])
        #expect(own.code == CloseCode(rawValue: 4999) && own.reason == "é")
        #expect(own.encoded == [0x13, 0x87, 0xC3, 0xA9])
    }

    @Test("one byte is neither a code nor nothing", arguments: [UInt8(0), 3, 0xFF])
    func oneByte(byte: UInt8) {
        #expect(throws: ProtocolViolation.closePayloadOfOneByte) { try ClosePayload(parsing: [byte]) }
    }

    @Test("every code that must not be sent is refused, and the others are taken")
    func codes() {
        for number in UInt16.min...UInt16.max {
            let code = CloseCode(rawValue: number)
            let bytes = [UInt8(number >> 8), UInt8(number & 0xFF)]
            do throws(ProtocolViolation) {
                let payload = try ClosePayload(parsing: bytes)
                if payload.code != code || !code.isLegalOnWire { Issue.record("\(number) taken") }
                if payload.encoded != bytes { Issue.record("\(number) written as \(payload.encoded)") }
            } catch {
                if code.isLegalOnWire || error != .illegalCloseCode(number) {
                    Issue.record("\(number): \(error)")
                }
            }
        }
    }

    @Test("a code of ours that must not be sent says nothing", arguments: [1004, 1005, 1006, 1015, 0, 5000])
    func unsendable(number: UInt16) {
        #expect(ClosePayload(CloseCode(rawValue: number), "why") == .empty)
    }

    @Test(
        "a reason that is not UTF-8, or is cut off within a character, is refused",
        arguments: [[0xFF], [0xC3], [0x41, 0xE2, 0x82], [0xED, 0xA0, 0x80], [0xC0, 0xAF]] as [[UInt8]])
    func notUTF8(reason: [UInt8]) {
        #expect(throws: ProtocolViolation.invalidUTF8) { try ClosePayload(parsing: [0x03, 0xE8] + reason) }
    }

    @Test("123 bytes of reason stand, one more is cut at the end of a character")
    func longest() throws {
        let whole = String(repeating: "a", count: 123)
        #expect(ClosePayload(.normal, whole).reason == whole)
        #expect(ClosePayload(.normal, whole).encoded.count == ControlPayload.largestSize)
        #expect(ClosePayload(.normal, whole + "b").reason == whole)
        // 122 bytes and a character of two, three or four: it does not fit, and no half of it is left.
        for last in ["é", "€", "🙂"] {
            let reason = String(repeating: "a", count: 122) + last
            #expect(ClosePayload(.normal, reason).reason == String(repeating: "a", count: 122))
        }
        #expect(ClosePayload(.goingAway, String(repeating: "é", count: 100)).encoded.count == 2 + 122)
    }
}
