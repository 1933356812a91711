import EventLoop
import Testing

/// Sockets and messages that really pass between a manager and the program are in `Interop/test_hand_over.py`.
@Suite("Service manager")
struct ServiceManagerTests {
    private let own = String(ProcessFacts.processNumber)

    @Test("descriptors passed to this process begin at 3")
    func passed() {
        #expect(ServiceManager.listenDescriptors(["LISTEN_PID": own, "LISTEN_FDS": "2"]) == [3, 4])
    }

    @Test("those of another process, and numbers that are none, are left alone")
    func others() {
        for environment in [
            [:], ["LISTEN_FDS": "2"], ["LISTEN_PID": own], ["LISTEN_PID": "1", "LISTEN_FDS": "2"],
            ["LISTEN_PID": own, "LISTEN_FDS": "0"], ["LISTEN_PID": own, "LISTEN_FDS": "-1"],
            ["LISTEN_PID": own, "LISTEN_FDS": "1025"], ["LISTEN_PID": own, "LISTEN_FDS": "x"],
        ] {
            #expect(ServiceManager.listenDescriptors(environment) == [])
        }
    }
}
