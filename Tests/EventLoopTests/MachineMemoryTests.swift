import Testing

@testable import EventLoop

@Suite("Memory of the machine")
struct MachineMemoryTests {
    @Test("is there, and no more than a machine has")
    func usable() throws {
        let bytes = try #require(MachineMemory.usable())
        #expect(bytes > 1 << 20 && bytes < 1 << 50)
    }

    @Test("control groups of both versions are asked, from the outermost inwards")
    func files() {
        #expect(
            MachineMemory.limitFiles("0::/a/b\n")
                == [
                    "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/a/memory.max",
                    "/sys/fs/cgroup/a/b/memory.max",
                ])
        #expect(
            MachineMemory.limitFiles("12:cpu,cpuacct:/x\n9:hugetlb,memory:/y\n")
                == [
                    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/y/memory.limit_in_bytes",
                ])
        #expect(MachineMemory.limitFiles("nonsense") == [])
    }

    @Test(
        "a group's limit is a number or none",
        arguments: [("max\n", nil), ("1073741824\n", 1 << 30), ("", nil)])
    func numbers(text: String, expected: Int?) { #expect(MachineMemory.number(text) == expected) }

    @Test("the machine's is counted in KiB")
    func total() {
        #expect(MachineMemory.total("MemFree: 1 kB\nMemTotal:       2048 kB\n") == 2 << 20)
        #expect(MachineMemory.total("MemTotal: many") == nil)
        #expect(MachineMemory.total("") == nil)
    }
}
