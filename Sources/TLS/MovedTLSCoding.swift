internal import COpenSSL

// The records of a connection as bytes, for another process of this program. Numbers are in network order:
//
//   suite:2  owesKeyUpdate:1  reading:8  writing:8  secret of each, as long as the suite's
//   partial:4 …  ticket:4 …  hasName:1  name:2 …  hasProtocol:1  protocol:2 …  isResumed:1  certificate:4 … (DER)
extension MovedTLS {
    /// Writes it; false where there is no room for all of it, where its records are OpenSSL's, or where the client's certificate
    /// is too long.
    package func write(to output: inout OutputSpan<UInt8>) -> Bool {
        guard case .records(let records) = form else { return false }
        let size = records.suite.secretSize
        let certificate = records.certificate?.der ?? []
        // Without it the client would be another one.
        guard records.certificate == nil || !certificate.isEmpty else { return false }
        guard output.put(UInt64(records.suite.rawValue), 2), output.put(records.owesKeyUpdate ? 1 : 0, 1),
            output.put(records.reading.sequence, 8), output.put(records.writing.sequence, 8),
            output.freeCapacity >= 2 * size
        else { return false }
        records.reading.append(to: &output)
        records.writing.append(to: &output)
        return output.put(records.partial, 4) && output.put(records.ticket, 4)
            && output.put(records.facts.serverName) && output.put(records.facts.applicationProtocol)
            && output.put(records.facts.isResumed ? 1 : 0, 1)
            && output.put(certificate, 4)
    }

    /// Reads one; nil where it is none.
    ///
    /// - Parameter context: of the listener that such a connection comes through here.
    package init?(reading bytes: Span<UInt8>, context: ServerTLSContext) {
        var place = 0
        guard let number = Self.number(2, bytes, &place), let suite = CipherSuite(rawValue: UInt16(number)),
            let owes = Self.number(1, bytes, &place), let read = Self.number(8, bytes, &place),
            let written = Self.number(8, bytes, &place),
            let reading = Self.range(suite.secretSize, bytes, &place),
            let writing = Self.range(suite.secretSize, bytes, &place),
            let partial = Self.array(4, bytes, &place), let ticket = Self.array(4, bytes, &place),
            let name = Self.text(bytes, &place), let chosen = Self.text(bytes, &place),
            let isResumed = Self.number(1, bytes, &place), let der = Self.array(4, bytes, &place),
            place == bytes.count
        else { return nil }
        var certificate: MovedObject?
        if !der.isEmpty {
            guard let made = unsafe trunkline_certificate_from_der(der, der.count) else { return nil }
            certificate = unsafe MovedObject(made, .certificate)
        }
        let records = MovedRecords(
            suite: suite, reading: MovedSecret(bytes.extracting(reading), sequence: read),
            writing: MovedSecret(bytes.extracting(writing), sequence: written), owesKeyUpdate: owes == 1,
            partial: partial, ticket: ticket,
            facts: TLSFacts(
                version: "TLSv1.3", serverName: name.text, applicationProtocol: chosen.text,
                isResumed: isResumed == 1),
            certificate: certificate)
        self.init(form: .records(records), context: context)
    }

    private static func range(_ count: Int, _ bytes: Span<UInt8>, _ place: inout Int) -> Range<Int>? {
        guard count >= 0, count <= bytes.count - place else { return nil }
        defer { place += count }
        return place..<(place + count)
    }

    private static func number(_ size: Int, _ bytes: Span<UInt8>, _ place: inout Int) -> UInt64? {
        range(size, bytes, &place)?.reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }

    private static func array(_ size: Int, _ bytes: Span<UInt8>, _ place: inout Int) -> [UInt8]? {
        number(size, bytes, &place).flatMap { range(Int($0), bytes, &place) }?.map { bytes[$0] }
    }

    private static func text(_ bytes: Span<UInt8>, _ place: inout Int) -> (text: String?, Void)? {
        guard let isThere = number(1, bytes, &place), let array = array(2, bytes, &place) else { return nil }
        return (isThere == 1 ? String(decoding: array, as: UTF8.self) : nil, ())
    }
}

extension MovedObject {
    /// Of a certificate; empty where it has more than 64 KiB.
    fileprivate var der: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let size = Int32(bytes.count)
        let count = unsafe lend { certificate in unsafe trunkline_certificate_der(certificate, &bytes, size) }
        return Array(bytes.prefix(Int(max(count ?? 0, 0))))
    }
}

extension OutputSpan<UInt8> {
    fileprivate mutating func put(_ value: UInt64, _ size: Int) -> Bool {
        guard freeCapacity >= size, size == 8 || value >> (8 * UInt64(size)) == 0 else { return false }
        for index in (0..<size).reversed() { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
        return true
    }

    fileprivate mutating func put(_ bytes: [UInt8], _ size: Int) -> Bool {
        guard put(UInt64(bytes.count), size), freeCapacity >= bytes.count else { return false }
        for byte in bytes { append(byte) }
        return true
    }

    fileprivate mutating func put(_ text: String?) -> Bool {
        put(text == nil ? 0 : 1, 1) && put(Array((text ?? "").utf8), 2)
    }
}
