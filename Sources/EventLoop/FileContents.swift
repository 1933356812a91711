internal import CLinux

/// Small files, read whole: configuration, certificates.
package enum FileContents {
    private static let patience: UInt64 = 2_000_000_000

    /// The bytes of a file of at most 16 MiB. What is none, as a named pipe, has two seconds to give them all.
    package static func read(_ path: String) throws(SystemError) -> [UInt8] {
        let number = unsafe trunkline_open_for_reading(path)
        guard number >= 0 else { throw SystemError("open") }
        let file = Descriptor(number)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        let deadline = EventLoop.clock + Self.patience
        while bytes.count < 16 << 20 {
            let count = unsafe CLinux.read(file.number, &block, block.count)
            if count == 0 { return bytes }
            if count < 0, trunkline_errno() == EAGAIN {
                guard EventLoop.clock < deadline else { throw SystemError(call: "read", code: ETIMEDOUT) }
                trunkline_wait_readable(file.number, 100)
                continue
            }
            guard count > 0 else { throw SystemError("read") }
            bytes += block.prefix(count)
        }
        throw SystemError(call: "read", code: EFBIG)
    }
}
