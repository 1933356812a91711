package import BasicContainers

/// Writes frames of ours (RFC 6455, 5.2): always with the shortest length, masked when a key is given.
package enum FrameWriter {
    /// Appends a whole frame. The payload is copied, and masked in its new place.
    package static func append(
        _ opcode: Opcode, fin: Bool, rsv1: Bool = false, payload: Span<UInt8>, maskingKey: UInt32?,
        to output: inout UniqueArray<UInt8>
    ) {
        let first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode.rawValue
        appendHeader(first: first, length: payload.count, maskingKey: maskingKey, to: &output)
        let start = output.count
        output.append(copying: payload)
        guard let maskingKey else { return }
        var all = output.mutableSpan
        applyMask(&all, in: start..<all.count, key: maskingKey, offset: 0)
    }

    private static func appendHeader(
        first: UInt8, length: Int, maskingKey: UInt32?, to output: inout UniqueArray<UInt8>
    ) {
        let mask: UInt8 = maskingKey == nil ? 0 : 0x80
        output.append(first)
        switch length {
        case ...125:
            output.append(mask | UInt8(truncatingIfNeeded: length))
        case ...65_535:
            output.append(mask | 126)
            for shift in [8, 0] { output.append(UInt8(truncatingIfNeeded: length >> shift)) }
        default:
            output.append(mask | 127)
            for shift in stride(from: 56, through: 0, by: -8) { output.append(UInt8(truncatingIfNeeded: length >> shift)) }
        }
        guard let maskingKey else { return }
        for shift: UInt32 in [0, 8, 16, 24] { output.append(UInt8(truncatingIfNeeded: maskingKey >> shift)) }
    }
}
