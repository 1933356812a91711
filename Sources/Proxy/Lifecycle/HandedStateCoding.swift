internal import Access
internal import HandedBytes
internal import TLS

// A state as bytes. Numbers are in network order; a text has its length in two bytes before it, a list its count:
//
//   "trunklin"  version:2
//   listeners:2  (address  period:8  hasDue:1  due:8  secrets:1  secret:80 …) …
//   routes:2     (name) …
//   upstreams:2  (name  isWhole:1  marks:4  (name  isDrained:1) …) …
//   revocations:4 (named:1  subject  token  issuedBefore:8  until:8) …  life:8
//   hasFamily:1  [key:32  elders:2 (process:8  line:4) …  inbox:4  line:4]
//   checksum:8, of all before it (FNV-1a)
//
// The two programs may be of different versions: another layout gets another version, and is not read.
extension HandedState {
    static let version: UInt64 = 3
    private static let mark: [UInt8] = Array("trunklin".utf8)

    /// Writes it; false where there is no room for all of it, or where something can't be written.
    func write(to output: inout OutputSpan<UInt8>) -> Bool {
        var isWhole = output.put(Self.mark) && output.put(Self.version, 2)
        isWhole = isWhole && output.put(UInt64(tickets.count), 2)
        for entry in tickets where isWhole { isWhole = Self.write(entry, to: &output) }
        isWhole = isWhole && output.put(UInt64(routes.count), 2)
        for name in routes where isWhole { isWhole = output.put(text: name) }
        isWhole = isWhole && output.put(UInt64(upstreams.count), 2)
        for (name, marks) in upstreams where isWhole {
            isWhole = output.put(text: name) && Self.write(marks, to: &output)
        }
        isWhole = isWhole && output.put(UInt64(revocations.count), 4)
        for (revocation, until) in revocations where isWhole {
            isWhole = Self.write(revocation, until, to: &output)
        }
        isWhole = isWhole && output.put(tokenLife.bitPattern, 8) && Self.write(family, to: &output)
        let sum = Self.checksum(output.span, output.count)
        return isWhole && output.put(sum, 8)
    }

    private static func write(_ entry: Tickets, to output: inout OutputSpan<UInt8>) -> Bool {
        guard output.put(text: entry.listener), output.put(entry.period, 8),
            output.put(flag: entry.due != nil), output.put(entry.due ?? 0, 8),
            output.put(UInt64(entry.secrets.count), 1)
        else { return false }
        for secret in entry.secrets {
            guard output.freeCapacity >= TicketSecret.size else { return false }
            secret.append(to: &output)
        }
        return true
    }

    private static func write(_ marks: DrainMarks, to output: inout OutputSpan<UInt8>) -> Bool {
        guard output.put(flag: marks.isWhole), output.put(UInt64(marks.named.count), 4) else {
            return false
        }
        for (name, isDrained) in marks.named {
            guard output.put(text: name), output.put(flag: isDrained) else { return false }
        }
        return true
    }

    private static func write(
        _ revocation: Revocation, _ until: Double, to output: inout OutputSpan<UInt8>
    ) -> Bool {
        let named: [Bool] = [
            revocation.subject != nil, revocation.tokenID != nil, revocation.issuedBefore != nil,
        ]
        let bits = named.enumerated().reduce(UInt64(0)) { $1.element ? $0 | 1 << UInt64($1.offset) : $0 }
        return output.put(bits, 1) && output.put(text: revocation.subject ?? "")
            && output.put(text: revocation.tokenID ?? "")
            && output.put((revocation.issuedBefore ?? 0).bitPattern, 8) && output.put(until.bitPattern, 8)
    }

    private static func write(_ family: Family?, to output: inout OutputSpan<UInt8>) -> Bool {
        guard let family else { return output.put(flag: false) }
        guard output.put(flag: true), output.put(family.key.bytes), output.put(UInt64(family.elders.count), 2)
        else {
            return false
        }
        for elder in family.elders {
            guard output.put(elder.process, 8), output.put(UInt64(max(elder.line, 0)), 4) else {
                return false
            }
        }
        return output.put(UInt64(max(family.back.inbox, 0)), 4)
            && output.put(UInt64(max(family.back.line, 0)), 4)
    }

    private static func checksum(_ bytes: Span<UInt8>, _ count: Int) -> UInt64 {
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in 0..<count { sum = (sum ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
        return sum
    }

    /// Reads one, all of it or nothing.
    init(reading bytes: Span<UInt8>) throws(HandedStateError) {
        var reader = HandedReader()
        for byte in Self.mark where try reader.number(1, bytes) != UInt64(byte) { throw .foreign }
        let version = try reader.number(2, bytes)
        guard version == Self.version else { throw .version(version) }
        guard bytes.count >= reader.place + 8 else { throw .cut }
        let end = bytes.count - 8
        var tail = HandedReader(place: end)
        guard try tail.number(8, bytes) == Self.checksum(bytes, end) else { throw .garbled }
        let body = bytes.extracting(0..<end)
        for _ in 0..<(try reader.number(2, body)) { tickets.append(try reader.tickets(body)) }
        for _ in 0..<(try reader.number(2, body)) { routes.append(try reader.text(body)) }
        for _ in 0..<(try reader.number(2, body)) {
            let name = try reader.text(body)
            upstreams[name] = try reader.marks(body)
        }
        for _ in 0..<(try reader.number(4, body)) { revocations.append(try reader.revocation(body)) }
        tokenLife = try reader.time(body)
        family = try reader.family(body)
        guard reader.place == end else { throw .garbled }
    }
}

extension HandedReader {
    fileprivate mutating func tickets(_ bytes: Span<UInt8>) throws(HandedStateError) -> HandedState.Tickets {
        let listener = try text(bytes)
        let period = try number(8, bytes)
        let hasDue = try flag(bytes)
        let due = try number(8, bytes)
        let count = try number(1, bytes)
        guard (1...2).contains(count) else { throw .garbled }
        var secrets: [TicketSecret] = []
        for _ in 0..<count {
            let range = try take(TicketSecret.size, bytes)
            guard let secret = TicketSecret(copying: bytes.extracting(range)) else { throw .garbled }
            secrets.append(secret)
        }
        return HandedState.Tickets(
            listener: listener, secrets: secrets, period: period, due: hasDue ? due : nil)
    }

    fileprivate mutating func family(_ bytes: Span<UInt8>) throws(HandedStateError) -> HandedState.Family? {
        guard try flag(bytes) else { return nil }
        let secret = try take(ResumeKey.size, bytes).map { bytes[$0] }
        guard let key = ResumeKey(secret) else { throw .garbled }
        var elders: [HandedState.Elder] = []
        for _ in 0..<(try number(2, bytes)) {
            elders.append(.init(process: try number(8, bytes), line: try descriptor(bytes)))
        }
        return .init(key: key, elders: elders, back: (try descriptor(bytes), try descriptor(bytes)))
    }

    private mutating func descriptor(_ bytes: Span<UInt8>) throws(HandedStateError) -> Int32 {
        guard let number = Int32(exactly: try number(4, bytes)), number > 2 else { throw .garbled }
        return number
    }

    fileprivate mutating func time(_ bytes: Span<UInt8>) throws(HandedStateError) -> Double {
        let time = Double(bitPattern: try number(8, bytes))
        guard time.isFinite, time >= 0 else { throw .garbled }
        return time
    }

    fileprivate mutating func revocation(
        _ bytes: Span<UInt8>
    ) throws(HandedStateError) -> (revocation: Revocation, until: Double) {
        let named = try number(1, bytes)
        let subject = try text(bytes)
        let token = try text(bytes)
        let before = try time(bytes)
        guard
            let revocation = Revocation(
                subject: named & 1 > 0 ? subject : nil, tokenID: named & 2 > 0 ? token : nil,
                issuedBefore: named & 4 > 0 ? before : nil)
        else { throw .garbled }
        return (revocation, try time(bytes))
    }

    fileprivate mutating func marks(_ bytes: Span<UInt8>) throws(HandedStateError) -> DrainMarks {
        let isWhole = try flag(bytes)
        var named: [String: Bool] = [:]
        for _ in 0..<(try number(4, bytes)) {
            let name = try text(bytes)
            named[name] = try flag(bytes)
        }
        return DrainMarks(isWhole: isWhole, named: named)
    }
}
