internal import COpenSSL
package import HandedBytes

// The records of a connection as bytes, for another process of this program. Numbers are in network order:
//
//   suite:2  owesKeyUpdate:1  reading:8  writing:8  secret of each, as long as the suite's
//   partial:4 …  ticket:4 …  hasName:1  name:2 …  hasProtocol:1  protocol:2 …  isResumed:1  certificate:4 … (DER)
//
// What stands for no name is an empty one behind a 0.
extension MovedTLS {
    /// Writes it; false where there is no room for all of it, where its records are OpenSSL's, or where the client's certificate
    /// is too long.
    package func write(to output: inout OutputSpan<UInt8>) -> Bool {
        guard case .records(let records) = form else { return false }
        let size = records.suite.secretSize
        let certificate = records.certificate?.der ?? []
        // Without it the client would be another one.
        guard records.certificate == nil || !certificate.isEmpty else { return false }
        guard output.put(UInt64(records.suite.rawValue), 2), output.put(flag: records.owesKeyUpdate),
            output.put(records.reading.sequence, 8), output.put(records.writing.sequence, 8),
            output.freeCapacity >= 2 * size
        else { return false }
        records.reading.append(to: &output)
        records.writing.append(to: &output)
        return output.put(array: records.partial) && output.put(array: records.ticket)
            && output.put(optional: records.facts.serverName)
            && output.put(optional: records.facts.applicationProtocol)
            && output.put(flag: records.facts.isResumed) && output.put(array: certificate)
    }

    /// Reads one, all of it or nothing.
    ///
    /// - Parameter context: of the listener that such a connection comes through here.
    package init(reading bytes: Span<UInt8>, context: ServerTLSContext) throws(HandedStateError) {
        var reader = HandedReader()
        guard let suite = CipherSuite(rawValue: UInt16(try reader.number(2, bytes))) else { throw .garbled }
        let owesKeyUpdate = try reader.flag(bytes)
        let (read, written) = (try reader.number(8, bytes), try reader.number(8, bytes))
        let reading = try reader.take(suite.secretSize, bytes)
        let writing = try reader.take(suite.secretSize, bytes)
        let (partial, ticket) = (try reader.array(bytes), try reader.array(bytes))
        let (name, chosen) = (try reader.optionalText(bytes), try reader.optionalText(bytes))
        let isResumed = try reader.flag(bytes)
        let certificate = try MovedObject.certificate(der: try reader.array(bytes))
        guard reader.place == bytes.count else { throw .garbled }
        let records = MovedRecords(
            suite: suite, reading: MovedSecret(bytes.extracting(reading), sequence: read),
            writing: MovedSecret(bytes.extracting(writing), sequence: written),
            owesKeyUpdate: owesKeyUpdate, partial: partial, ticket: ticket,
            facts: TLSFacts(
                version: "TLSv1.3", serverName: name, applicationProtocol: chosen, isResumed: isResumed),
            certificate: certificate)
        self.init(form: .records(records), context: context)
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

    /// nil where there is none.
    fileprivate static func certificate(der: [UInt8]) throws(HandedStateError) -> MovedObject? {
        if der.isEmpty { return nil }
        guard let made = unsafe trunkline_certificate_from_der(der, der.count) else { throw .garbled }
        return unsafe MovedObject(made, .certificate)
    }
}

extension HandedReader {
    fileprivate mutating func optionalText(_ bytes: Span<UInt8>) throws(HandedStateError) -> String? {
        let isThere = try flag(bytes)
        let text = try text(bytes)
        return isThere ? text : nil
    }
}

extension OutputSpan<UInt8> {
    fileprivate mutating func put(optional text: String?) -> Bool {
        put(flag: text != nil) && put(text: text ?? "")
    }
}
