import EventLoop
import Testing

@Suite("Programs of the operator's")
struct HookProcessTests {
    private func run(_ script: String, limit: UInt64 = 10_000_000_000) throws -> String? {
        let loop = try EventLoop()
        var result: String??
        let process = try HookProcess(
            ["/bin/sh", "-c", script, "hook", "present", "a b"],
            environment: ["WORD": "w", "PATH": "/bin:/usr/bin"],
            limit: limit, on: loop
        ) { result = .some($0) }
        while result == nil { loop.turn() }
        withExtendedLifetime(process) {}
        return result ?? nil
    }

    @Test("what ends with 0 has done its work, with its arguments and its environment")
    func success() throws {
        #expect(try run("test \"$1\" = present && test \"$2\" = 'a b' && test $WORD = w") == nil)
    }

    @Test("what doesn't is told with what it has said, within bounds")
    func failure() throws {
        #expect(try run("echo no; echo way >&2; exit 3") == "it ended with 3: no | way")
        #expect(try run("exit 1") == "it ended with 1")
        let long = try run("i=0; while [ $i -lt 2000 ]; do echo 1234567890; i=$((i+1)); done; exit 1")
        #expect((1900...2600).contains(long?.count ?? 0))
        #expect(try run("kill -9 $$") == "it ended with 137")
    }

    @Test("what takes too long is ended, with all that it has started")
    func deadline() throws {
        #expect(try run("sleep 100 & sleep 100", limit: 200_000_000) == "it took too long")
    }

    @Test("what isn't there can't be run")
    func missing() throws {
        let loop = try EventLoop()
        #expect(throws: SystemError.self) {
            try HookProcess(["/none/hook"], environment: [:], limit: 1_000_000_000, on: loop) { _ in }
        }
    }
}
