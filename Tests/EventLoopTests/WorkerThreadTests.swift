import EventLoop
import Synchronization
import Testing

@Suite("Worker threads")
struct WorkerThreadTests {
    @Test("join waits for the work")
    func join() throws {
        let box = Box()
        let thread = try WorkerThread { box.value.store(true, ordering: .releasing) }
        thread.join()
        let isDone = box.value.load(ordering: .acquiring)
        #expect(isDone)
    }

    private final class Box: Sendable {
        let value = Atomic(false)
    }

    @Test("the machine has processors, and variables with '=' in their value are whole")
    func machine() throws {
        #expect(Machine.usableProcessors >= 1)
        let path = try #require(Machine.environment["PATH"])
        #expect(!path.isEmpty)
        #expect(Machine.environment.keys.allSatisfy { !$0.contains("=") })
    }

    @Test("the words and the path of the process are those that it was started with")
    func words() throws {
        #expect(Machine.arguments == CommandLine.arguments && !Machine.arguments.isEmpty)
        #expect(try #require(Machine.program).hasPrefix("/"))
    }
}
