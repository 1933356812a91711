internal import CLinux

/// Small files, read whole: configuration, certificates.
package enum FileContents {
    /// The bytes of a file of at most 16 MiB.
    ///
    /// - Parameter patience: seconds that what is no file, as a named pipe, has to give them all. One that nobody has
    ///   opened for writing yet may still be.
    package static func read(_ path: String, patience: UInt64 = 2) throws(SystemError) -> [UInt8] {
        let number = unsafe trunkline_open_for_reading(path)
        guard number >= 0 else { throw SystemError("open") }
        let file = Descriptor(number)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        let deadline = EventLoop.clock + patience * 1_000_000_000
        var isReady = false
        while bytes.count < 16 << 20 {
            let count = unsafe CLinux.read(file.number, &block, block.count)
            // What can be read from, and gives nothing, has ended.
            if count == 0, isReady || !bytes.isEmpty { return bytes }
            if count == 0 || count < 0 && trunkline_errno() == EAGAIN {
                guard EventLoop.clock < deadline else { throw SystemError(call: "read", code: ETIMEDOUT) }
                isReady = trunkline_wait_readable(file.number, 100) != 0
                continue
            }
            guard count > 0 else { throw SystemError("read") }
            bytes += block.prefix(count)
        }
        throw SystemError(call: "read", code: EFBIG)
    }
}
