internal import ASCII
internal import EventLoop
internal import HTTPProtocol
internal import HandedBytes

/// An order of an operator's that the newest process passes on to those that linger, as it came to the admin listener; who
/// gives it was looked at there:
///
///     "trunkord"  version:1  id:8  processes:2  limit:4  method  target:4 …  type  body:4 …
struct FamilyOrder: Equatable {
    fileprivate static let mark = Array("trunkord".utf8)

    /// Names the process that asks, too (`FamilyAnswer.asker`).
    let id: UInt64
    /// How many processes carry it out: a rate is for all of them together.
    let processes: Int
    /// Of a list: how many more sessions are wanted.
    let limit: Int
    let method: String
    let target: String
    let contentType: String
    let body: [UInt8]

    init(_ request: AdminRequest, id: UInt64, processes: Int, limit: Int) {
        self.id = id
        self.processes = processes
        self.limit = limit
        method = request.head.method
        target = request.head.target.text
        contentType = request.head.fields.first("content-type") ?? ""
        body = request.body
    }

    /// Names an order.
    ///
    /// - Parameter asker: the process that gives it, as the system numbers it.
    static func id(of asker: Int, _ random: UInt64) -> UInt64 {
        random << 32 | UInt64(UInt32(truncatingIfNeeded: asker))
    }

    var request: AdminRequest {
        var fields = HeaderFields()
        if !contentType.isEmpty { fields.append("Content-Type", contentType) }
        let target = (try? RequestTarget(text: target)) ?? .root
        return AdminRequest(head: RequestHead(method: method, target: target, fields: fields), body: body)
    }

    /// Bytes that it takes at most.
    var capacity: Int { 256 + method.utf8.count + target.utf8.count + contentType.utf8.count + body.count }

    /// False where there is no room.
    func write(to output: inout OutputSpan<UInt8>) -> Bool {
        output.put(Self.mark) && output.put(FamilyWord.version, 1) && output.put(id, 8)
            && output.put(UInt64(clamping: processes), 2)
            && output.put(UInt64(UInt32(clamping: limit)), 4) && output.put(text: method)
            && output.put(array: Array(target.utf8)) && output.put(text: contentType)
            && output.put(array: body)
    }

    fileprivate init(_ reader: inout HandedReader, _ bytes: Span<UInt8>) throws(HandedStateError) {
        id = try reader.number(8, bytes)
        processes = max(Int(try reader.number(2, bytes)), 1)
        limit = Int(try reader.number(4, bytes))
        method = try reader.text(bytes)
        target = String(decoding: try reader.array(bytes), as: UTF8.self)
        contentType = try reader.text(bytes)
        body = try reader.array(bytes)
    }
}

/// What a process that lingers has done about an order:
///
///     "trunkans"  version:1  id:8  process:4  status:2  type  counts:1 (name  count:8) …  body:4 …
struct FamilyAnswer: Equatable {
    fileprivate static let mark = Array("trunkans".utf8)

    let id: UInt64
    /// As the system numbers it.
    let process: Int
    let status: Int
    let contentType: String
    let counts: [AdminCount]
    let body: [UInt8]

    init(id: UInt64, process: Int, _ response: AdminResponse) {
        self.init(
            id: id, process: process, status: response.status, contentType: response.contentType,
            counts: response.counts, body: Array(response.body.utf8))
    }

    init(
        id: UInt64, process: Int, status: Int = 200, contentType: String = "", counts: [AdminCount],
        body: [UInt8]
    ) {
        self.id = id
        self.process = process
        self.status = status
        self.contentType = contentType
        self.counts = counts
        self.body = body
    }

    /// Who waits for it: the process that accepts may be another one by now.
    var asker: Int { Int(UInt32(truncatingIfNeeded: id)) }
    var text: String { String(decoding: body, as: UTF8.self) }
    var response: AdminResponse { AdminResponse(status, text, contentType: contentType, counts: counts) }
    func count(_ name: String) -> Int { counts.first { $0.name == name }?.value ?? 0 }

    /// Bytes that it takes at most.
    var capacity: Int {
        256 + contentType.utf8.count + counts.reduce(0) { $0 + $1.name.utf8.count + 10 } + body.count
    }

    /// False where there is no room.
    func write(to output: inout OutputSpan<UInt8>) -> Bool {
        guard output.put(Self.mark), output.put(FamilyWord.version, 1), output.put(id, 8),
            output.put(UInt64(UInt32(clamping: process)), 4), output.put(UInt64(clamping: status), 2),
            output.put(text: contentType), output.put(UInt64(counts.count), 1)
        else { return false }
        for count in counts {
            guard output.put(text: count.name), output.put(UInt64(clamping: count.value), 8) else {
                return false
            }
        }
        return output.put(array: body)
    }

    fileprivate init(_ reader: inout HandedReader, _ bytes: Span<UInt8>) throws(HandedStateError) {
        id = try reader.number(8, bytes)
        process = Int(try reader.number(4, bytes))
        status = Int(try reader.number(2, bytes))
        contentType = try reader.text(bytes)
        var counts: [AdminCount] = []
        for _ in 0..<(try reader.number(1, bytes)) {
            counts.append(
                AdminCount(name: try reader.text(bytes), value: Int(clamping: try reader.number(8, bytes))))
        }
        self.counts = counts
        body = try reader.array(bytes)
    }
}

/// What processes of this program tell each other without a connection that goes with it.
enum FamilyWord {
    fileprivate static let version: UInt64 = 1

    /// What is revoked.
    case state(HandedState)
    case order(FamilyOrder)
    case answer(FamilyAnswer)

    init(reading bytes: Span<UInt8>) throws(HandedStateError) {
        var reader = HandedReader()
        let size = min(FamilyOrder.mark.count, bytes.count)
        let mark = try reader.take(size, bytes).map { bytes[$0] }
        guard mark == FamilyOrder.mark || mark == FamilyAnswer.mark else {
            self = .state(try HandedState(reading: bytes))
            return
        }
        let version = try reader.number(1, bytes)
        guard version == Self.version else { throw .version(version) }
        if mark == FamilyOrder.mark {
            self = .order(try FamilyOrder(&reader, bytes))
        } else {
            self = .answer(try FamilyAnswer(&reader, bytes))
        }
        guard reader.place == bytes.count else { throw .garbled }
    }
}
