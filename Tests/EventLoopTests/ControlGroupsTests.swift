import Testing

@testable import EventLoop

@Suite("Control groups")
struct ControlGroupsTests {
    private func paths(_ groups: String, _ controller: String) -> [String] {
        ControlGroups.folders(groups, of: controller).map(\.path)
    }

    @Test("have folders for each level, in both versions, and for the controller that is asked for")
    func folders() {
        #expect(paths("0::/a\n", "cpu") == ["/sys/fs/cgroup", "/sys/fs/cgroup/a"])
        #expect(
            paths("4:cpu,cpuacct:/x\n3:cpuset:/y\n2:memory:/z\n", "cpu")
                == ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu/x"])
        #expect(ControlGroups.folders("0::/\n", of: "cpu").map(\.isUnified) == [true])
        #expect(paths("nonsense", "cpu") == [])
    }
}
