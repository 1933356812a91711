internal import CLinux
internal import Synchronization

/// A client's socket on its way from one loop to another, with its place among those of clients. Closed where nobody takes
/// it.
package final class MovedSocket: Sendable {
    private let number: Mutex<Int32>
    private let budget: SocketBudget?

    /// - Parameter budget: in which it is counted.
    init(_ number: Int32, budget: SocketBudget?) {
        self.number = Mutex(number)
        self.budget = budget
    }

    deinit {
        guard let descriptor = take() else { return }
        _ = close(descriptor)
        budget?.leaveClient()
    }

    private func take() -> Int32? {
        let descriptor = number.withLock { number in
            defer { number = -1 }
            return number
        }
        return descriptor >= 0 ? descriptor : nil
    }

    var isCounted: Bool { budget != nil }

    /// Shows the descriptor, which stays here; false where it was taken.
    func lend(_ body: (Int32) -> Bool) -> Bool { number.withLock { $0 >= 0 && body($0) } }

    /// On the thread of the loop that it goes to; nil where it was taken before.
    package func join(_ loop: EventLoop) -> StreamSocket? {
        guard let descriptor = take() else { return nil }
        return StreamSocket(
            Descriptor(descriptor), on: loop, SocketPlace(isClient: true, isTaken: isCounted))
    }
}

extension StreamSocket {
    /// Lets go of the connection for another loop: nothing is told of it here any more. Nil where bytes wait to be sent, or
    /// where it has ended or failed.
    package func moveOut() -> MovedSocket? {
        guard isClient, let moved = release() else { return nil }
        return MovedSocket(moved.descriptor, budget: moved.hasPlace ? loop.sockets : nil)
    }
}
