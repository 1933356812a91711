internal import CLinux

/// What the kernel says of this process.
package struct ProcessFacts: Sendable {
    /// Nanoseconds, user and system.
    package let processorTime: UInt64
    /// Bytes.
    package let residentBytes: Int
    /// Those that are open now, the one for counting left out.
    package let openDescriptors: Int
    /// The most that may be open.
    package let mostDescriptors: Int

    /// As of now.
    package static func now() -> ProcessFacts {
        ProcessFacts(
            processorTime: trunkline_processor_ns(), residentBytes: resident(),
            openDescriptors: Int(trunkline_open_descriptors()),
            mostDescriptors: Int(trunkline_descriptor_limit()))
    }

    /// The most descriptors that may be open; -1 = unknown.
    package static var mostDescriptors: Int { Int(trunkline_descriptor_limit()) }

    /// Seconds since 1970.
    package static func wallClock() -> Double { trunkline_wall_seconds() }

    /// The process's number.
    package static var processNumber: Int32 { getpid() }

    /// The second number of statm counts pages.
    private static func resident() -> Int {
        guard let text = try? FileContents.read("/proc/self/statm") else { return 0 }
        let fields = text.split(separator: 32)
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * Int(getpagesize())
    }
}
