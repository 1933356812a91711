package import BasicContainers

/// Writes frames of ours (RFC 6455, 5.2): always with the shortest length, masked when a key is given.
package enum FrameWriter {
    /// Appends a whole frame. The payload is copied, and masked in its new place.
    package static func append(
        _ opcode: Opcode, fin: Bool, rsv1: Bool = false, payload: Span<UInt8>, maskingKey: UInt32?,
        to output: inout UniqueArray<UInt8>
    ) {
        FrameHeader(opcode, fin: fin, rsv1: rsv1, maskingKey: maskingKey, payloadLength: payload.count)
            .append(to: &output)
        let start = output.count
        output.append(copying: payload)
        guard let maskingKey else { return }
        var all = output.mutableSpan
        applyMask(&all, in: start..<all.count, key: maskingKey, offset: 0)
    }
}
