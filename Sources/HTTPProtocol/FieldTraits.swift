internal import ASCII

/// What is to be known of a field by its name alone, found once when a line is added: what decides over lines later looks
/// at bits, and spells no name.
struct FieldTraits: OptionSet, Sendable {
    let rawValue: UInt16

    /// It says something of one connection, whatever `Connection` names.
    static let ofConnection = FieldTraits(rawValue: 1)
    /// The same, or one of those for proxies: it goes no further than the next hop.
    static let ofHop = FieldTraits(rawValue: 2)
    /// `ClientFields.Kind`, by every spelling that backends take for the same.
    static let identity = FieldTraits(rawValue: 4)
    static let entrance = FieldTraits(rawValue: 8)
    static let credential = FieldTraits(rawValue: 16)
    /// It has signs that backends may take for hyphens.
    static let respelled = FieldTraits(rawValue: 32)
    static let underscored = FieldTraits(rawValue: 64)
    /// `Sec-WebSocket-…`.
    static let handshake = FieldTraits(rawValue: 128)
    static let length = FieldTraits(rawValue: 256)
    static let host = FieldTraits(rawValue: 512)
    static let requestID = FieldTraits(rawValue: 1024)
    /// Written anew from what a trusted peer says.
    static let rewritten = FieldTraits(rawValue: 2048)
    /// Of a certificate.
    static let certificate = FieldTraits(rawValue: 4096)
    /// A client says it to us, and we say another thing by it to backends.
    static let hereOnly = FieldTraits(rawValue: 8192)

    /// Who stands before a backend says it, and no client.
    static let claims: FieldTraits = [.identity, .entrance]
    fileprivate static let ofClient: FieldTraits = [.identity, .entrance, .credential, .hereOnly]

    init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Of a name in whatever case.
    init(of name: Span<UInt8>) { self = FieldMeaning(of: name).traits }

    /// Apart, as few names have any.
    @inline(never)
    fileprivate static func signs(of byte: UInt8) -> FieldTraits {
        byte == .underscore ? [.respelled, .underscored] : .respelled
    }

    /// By how the name begins.
    fileprivate static func ofFamily(_ name: Span<UInt8>, isKnown: Bool) -> FieldTraits {
        guard name.count > 5 else { return [] }
        switch lowercase(name[0]) {
        case UInt8(ascii: "p"): return begins(name, proxies, lowercase) ? .ofHop : []
        case UInt8(ascii: "s"):
            if begins(name, handshakes, lowercase) { return .handshake }
            return !isKnown && begins(name, certificates, canonicalByte) ? .identity : []
        case UInt8(ascii: "x"):
            return !isKnown && families.contains { begins(name, $0, canonicalByte) } ? .identity : []
        default: return []
        }
    }

    private static func begins(
        _ name: Span<UInt8>, _ beginning: [UInt8], _ read: (UInt8) -> UInt8
    ) -> Bool {
        guard name.count >= beginning.count else { return false }
        for index in beginning.indices where read(name[index]) != beginning[index] { return false }
        return true
    }

    private static let proxies = Array("proxy-".utf8)
    private static let handshakes = Array("sec-websocket-".utf8)
    private static let certificates = Array("ssl-client-".utf8)
    /// Whole families, each of identity.
    private static let families = [
        "x-forwarded-", "x-real-", "x-ssl-", "x-auth-request-", "x-amzn-mtls-", "x-arr-", "x-client-cert-",
    ].map { Array($0.utf8) }
}

/// All that is found out of a name.
struct FieldMeaning: Equatable, Sendable {
    private(set) var traits: FieldTraits = []
    private(set) var known = KnownName.other

    /// Of a name in whatever case.
    init(of name: Span<UInt8>) {
        var hash = FieldNames.seed
        var signs: FieldTraits = []
        for index in name.indices {
            let byte = name[index]
            let plain = canonicalByte(byte)
            if plain == .hyphen, byte != .hyphen { signs.formUnion(FieldTraits.signs(of: byte)) }
            hash = FieldNames.mix(hash, plain)
        }
        FieldNames.all.find(name, hash, &traits, &known)
        // Only who a client is is asked of every spelling.
        if signs.contains(.respelled) {
            traits.formIntersection(FieldTraits.ofClient)
            known = .other
        }
        // The table has all that these mean.
        if known != .other { return }
        traits.formUnion(FieldTraits.ofFamily(name, isKnown: !traits.isDisjoint(with: FieldTraits.ofClient)))
        traits.formUnion(signs)
    }
}

/// In lower case, with a hyphen for every sign: CGI and what follows it (WSGI, Rack, PHP) can't tell an underscore from a
/// hyphen, and some no other sign either.
@inline(__always)
func canonicalByte(_ byte: UInt8) -> UInt8 {
    let letter = byte | 0x20
    if letter &- .lowerA < 26 { return letter }
    return byte &- .zero < 10 ? byte : .hyphen
}

/// The names that mean something here, in a table of their own: no text is made to look one up.
private struct FieldNames: Sendable {
    static let all = FieldNames(
        ClientFields.names + HopByHop.traits + Forwarding.traits, KnownName.allCases)
    /// FNV-1a.
    static let seed: UInt32 = 2_166_136_261

    private struct Entry {
        /// Where the name stands in `text`.
        let start: Int
        let count: Int
        var traits: FieldTraits
        var known: KnownName
        /// The next one of the same place; -1 = none.
        let next: Int
    }

    private static let places = 256
    // Numbers alone, so that a look holds nothing.
    private var first = [Int](repeating: -1, count: places)
    private var entries: [Entry] = []
    private var text: [UInt8] = []

    init(_ names: [(String, FieldTraits)], _ known: [KnownName]) {
        for (name, traits) in names { entries[place(of: name)].traits.formUnion(traits) }
        for name in known where name != .other {
            let index = place(of: name.spelling)
            entries[index].known = name
            if name.spelling.hasPrefix("sec-websocket-") { entries[index].traits.formUnion(.handshake) }
        }
    }

    /// The entry of a name, made where there is none.
    private mutating func place(of text: String) -> Int {
        let name = Array(text.utf8)
        let hash = name.reduce(Self.seed) { Self.mix($0, canonicalByte($1)) }
        if let index = index(of: name.span, hash) { return index }
        let place = Self.place(hash)
        entries.append(
            Entry(
                start: self.text.count, count: name.count, traits: [], known: .other, next: first[place]))
        first[place] = entries.count - 1
        self.text += name
        return entries.count - 1
    }

    static func mix(_ hash: UInt32, _ byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* 16_777_619 }
    private static func place(_ hash: UInt32) -> Int { Int((hash ^ hash >> 16) & UInt32(places - 1)) }

    func find(_ name: Span<UInt8>, _ hash: UInt32, _ traits: inout FieldTraits, _ known: inout KnownName) {
        guard let index = index(of: name, hash) else { return }
        traits = entries[index].traits
        known = entries[index].known
    }

    private func index(of name: Span<UInt8>, _ hash: UInt32) -> Int? {
        var index = first[Self.place(hash)]
        while index >= 0 {
            let entry = entries[index]
            if entry.count == name.count, matches(entry.start, name) { return index }
            index = entry.next
        }
        return nil
    }

    private func matches(_ start: Int, _ name: Span<UInt8>) -> Bool {
        let known = text.span.extracting(start..<(start + name.count))
        for index in name.indices {
            let (byte, wanted) = (name[index], known[index])
            // Most come in lower case.
            if byte != wanted, canonicalByte(byte) != wanted { return false }
        }
        return true
    }
}
