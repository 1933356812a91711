internal import Access
internal import EventLoop
internal import Telemetry

/// `admin.revocations`: where revocations are kept, so that they outlive a process that doesn't hand over. JSON as
/// `GET /revocations` has it, and written whole or not at all.
struct RevocationFile {
    typealias Kept = (revocation: Revocation, until: Double)

    /// Why a file is not taken. Whoever was revoked must not come in because it can't be read.
    enum Trouble: Error, Equatable {
        case unreadable(SystemError)
        case garbled
        /// More than are kept in memory.
        case tooMany
    }

    let path: String
    /// What it held when it was read, and counted.
    let kept: [Kept]

    /// Reads it; a file that is not there yet holds none.
    ///
    /// - Parameter now: seconds since 1970; what has ended is left out.
    init(_ path: String, now: Double = ProcessFacts.wallClock()) throws(Trouble) {
        self.path = path
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileContents.read(path)
        } catch {
            guard error.isMissing else { throw .unreadable(error) }
            kept = []
            return
        }
        kept = try Self.kept(bytes).filter { $0.until > now }
        var list = RevocationList()
        for (revocation, until) in kept {
            guard list.add(revocation, until: until, now: now) else { throw .tooMany }
        }
    }

    private static func kept(_ bytes: [UInt8]) throws(Trouble) -> [Kept] {
        guard let value = try? Access.JSONValue(bytes), case .array(let items)? = value["revocations"] else {
            throw .garbled
        }
        var kept: [Kept] = []
        for item in items {
            guard let until = number(item["until"]),
                let revocation = Revocation(
                    subject: item["subject"]?.string, tokenID: item["token_id"]?.string,
                    issuedBefore: number(item["issued_before"]))
            else { throw .garbled }
            kept.append((revocation, until))
        }
        return kept
    }

    private static func number(_ value: Access.JSONValue?) -> Double? {
        guard case .number(let text)? = value else { return nil }
        return Double(text)
    }

    /// Puts all that count into its place.
    func write(_ list: RevocationList) throws(SystemError) {
        let end = path.lastIndex(of: "/")
        let folder = PrivateFolder(end.map { String(path[..<$0]) } ?? ".")
        let name = end.map { String(path[path.index(after: $0)...]) } ?? path
        try folder.write(Array(list.shown.text.utf8), to: name)
    }
}

extension RevocationList {
    /// As operators are told.
    var shown: Telemetry.JSONValue {
        .object([
            (
                "revocations",
                .array(
                    all.map { revocation, until in
                        .object([
                            ("subject", .optional(revocation.subject)),
                            ("token_id", .optional(revocation.tokenID)),
                            ("issued_before", .seconds(revocation.issuedBefore)), ("until", .number(until)),
                        ])
                    })
            )
        ])
    }
}
