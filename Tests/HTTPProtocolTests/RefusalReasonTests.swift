import HTTPProtocol
import Testing

@Suite("Why requests are refused")
struct RefusalReasonTests {
    private static let heads: [HeadError] = [
        .bareLineFeed, .bareCarriageReturn, .lineFolding, .controlByte, .badRequestLine, .badStatusLine,
        .unaskedSwitch,
        .badMethod, .badTarget, .tunnel, .badPath(.malformed), .badPath(.malformedEncoding),
        .badPath(.controlByte),
        .badPath(.aboveRoot), .badVersion, .badFieldName, .missingHost, .duplicateHost, .badHost,
        .conflictingLengths, .badContentLength, .badTransferEncoding, .tooLarge(limit: 7),
        .tooManyFields(limit: 8), .tooManyInterim(limit: 9),
    ]
    private static let bodies: [BodyError] =
        [.badChunkSize, .badChunkExtension, .badChunkEnd] + heads.map { .badTrailer($0) }
    private static let others: [(Refusal.Reason, Int)] = [
        (.upgradeWithBody, 400), (.missingKey, 400), (.repeatedKey, 400), (.badKey, 400),
        (.badExtensions, 400), (.badVersion, 426), (.upgradeRequired, 426), (.methodNotAllowed, 405),
        (.misdirected, 421), (.otherProtocol, 501), (.missingAuthority, 400), (.twoAuthorities, 400),
        (.badAuthority, 400), (.badPath, 400), (.repeatedLength, 400), (.endedWithRequest, 400),
    ]
    private static let all: [(Refusal.Reason, Int)] =
        heads.map { (.head($0), $0.status) } + bodies.map { (.body($0), 400) } + others

    /// The words of a text, without what varies in it.
    private func words(_ text: String) -> String {
        text.split { !($0.isLetter || $0 == "-") }.map { $0.lowercased() }.joined(separator: "_")
    }

    @Test("each has its status, one line of text, and the words of that line as its label")
    func table() {
        for (reason, status) in Self.all {
            #expect(reason.status == status, "\(reason)")
            #expect(!reason.text.isEmpty && !reason.text.contains("\n"), "\(reason)")
            #expect(reason.label == words(reason.text), "\(reason)")
            let refusal = Refusal(reason)
            #expect(refusal.status == status && refusal.text == reason.text)
        }
    }

    @Test("what may be done instead is said where there is something")
    func fields() {
        for (reason, status) in Self.all {
            let names = reason.fields.map(\.name)
            switch status {
            case 405: #expect(names == ["Allow"])
            case 426: #expect(names == ["Sec-WebSocket-Version", "Upgrade"])
            default: #expect(names == [], "\(reason)")
            }
        }
    }
}
