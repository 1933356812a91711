internal import CLinux

/// Small files, read whole: configuration, certificates.
package enum FileContents {
    /// The bytes of a file of at most 16 MiB.
    package static func read(_ path: String) throws(SystemError) -> [UInt8] {
        let number = unsafe trunkline_open_for_reading(path)
        guard number >= 0 else { throw SystemError("open") }
        let file = Descriptor(number)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 16 << 20 {
            let count = unsafe CLinux.read(file.number, &block, block.count)
            if count == 0 { return bytes }
            guard count > 0 else { throw SystemError("read") }
            bytes += block.prefix(count)
        }
        throw SystemError(call: "read", code: EFBIG)
    }
}
