import Testing
import WebSocketProtocol

@Suite("Close code")
struct CloseCodeTests {
    @Test("the names are the numbers of RFC 6455, 7.4.1 and of the registry")
    func numbers() {
        let named: [(CloseCode, UInt16)] = [
            (.normal, 1000), (.goingAway, 1001), (.protocolError, 1002), (.invalidPayload, 1007),
            (.policyViolation, 1008), (.messageTooBig, 1009), (.internalError, 1011),
            (.serviceRestart, 1012), (.tryAgainLater, 1013),
        ]
        for (code, number) in named {
            #expect(code.rawValue == number)
            #expect(code.description == String(number))
            #expect(code.isLegalOnWire)
        }
    }

    @Test("of all numbers, those registered for the wire are legal, and 3000 to 4999")
    func legal() {
        let registered: Set<UInt16> = [
            1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
        ]
        for number in UInt16.min...UInt16.max {
            let isLegal = registered.contains(number) || (number >= 3000 && number < 5000)
            if CloseCode(rawValue: number).isLegalOnWire != isLegal { Issue.record("\(number)") }
        }
    }
}
