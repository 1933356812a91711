internal import CLinux
internal import Synchronization

/// Where another process of this program takes descriptors: a client's connection, and memory that says what it is. Threads
/// share it, and so do processes: a message goes whole or not at all, and nobody waits.
@safe package final class DescriptorLine: Sendable {
    /// How long the other side may take nothing of what is there.
    static let patience: UInt64 = 2_000_000_000

    private let descriptor: Int32
    /// Since when there has been something.
    private let waiting = Mutex<UInt64?>(nil)

    private init(owning number: Int32) { descriptor = number }

    /// A line, and the number of the end that takes what it sends, which is the caller's to close.
    package static func pair() throws(SystemError) -> (line: DescriptorLine, inbox: Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe trunkline_message_pair(&ends) == 0 else { throw SystemError("socketpair") }
        return (DescriptorLine(owning: ends[0]), ends[1])
    }

    /// One that this process was started with; nil where the number is no such socket, which is then left alone.
    package convenience init?(inherited number: Int32) {
        guard number > 2, trunkline_keeps_messages(number) == 1 else { return nil }
        trunkline_set_close_on_exec(number)
        self.init(owning: number)
    }

    deinit { _ = close(descriptor) }

    /// Its number, for a process that is to have it too.
    package var number: Int32 { descriptor }

    /// The number of the process that made it, and takes what is sent.
    package var peerProcess: Int { Int(trunkline_peer_process(descriptor)) }

    /// Whether there is somebody who takes what is sent.
    package var isOpen: Bool { trunkline_has_reader(descriptor) == 1 }

    /// Sends what `write` writes into memory of its own, as whoever reads it wipes it, and a connection where there is one.
    /// False where `write` says so, or where the other side is gone, has too much to take already, or takes nothing; the
    /// connection is then still here.
    ///
    /// - Parameter capacity: bytes, the most that can be written.
    package func send(
        _ socket: MovedSocket?, at now: UInt64, capacity: Int,
        _ write: (inout OutputSpan<UInt8>) -> Bool
    ) -> Bool {
        var isWhole = false
        guard let memory = try? HandedMemory(capacity: capacity, { isWhole = write(&$0) }), isWhole else {
            return false
        }
        return send(memory, socket, at: now)
    }

    func send(_ memory: HandedMemory, _ socket: MovedSocket?, at now: UInt64) -> Bool {
        guard isTaken(at: now) else { return false }
        guard let socket else { return send([memory.number]) }
        return socket.lend { number in send([memory.number, number]) }
    }

    private func send(_ numbers: [Int32]) -> Bool {
        unsafe trunkline_send_descriptors(descriptor, numbers, Int32(numbers.count)) == 0
    }

    /// One that was stopped would keep clients waiting for as long as its queue has room.
    private func isTaken(at now: UInt64) -> Bool {
        let isEmpty = trunkline_unacknowledged(descriptor) <= 0
        return waiting.withLock { since in
            guard !isEmpty, let start = since else {
                since = now
                return true
            }
            return now &- start < Self.patience
        }
    }
}

/// The other end: tells what comes. Its peers are processes of this program.
package final class DescriptorInbox: Pollable {
    /// In one turn.
    private static let most = 64

    private let sockets: SocketBudget
    private let largest: Int
    private let told: (_ memory: borrowing InheritedMemory, _ socket: MovedSocket?) -> Void

    /// - Parameters:
    ///   - number: of the end, which is this object's from here on.
    ///   - largest: bytes of memory; what brings more is closed.
    ///   - sockets: in which clients' are counted; one that has no room there is closed.
    package init(
        _ number: Int32, largest: Int, sockets: SocketBudget, on loop: EventLoop,
        told: @escaping (_ memory: borrowing InheritedMemory, _ socket: MovedSocket?) -> Void
    ) {
        self.sockets = sockets
        self.largest = largest
        self.told = told
        super.init(Descriptor(number), on: loop)
        watch(readable: true, writable: false)
    }

    /// Whether a descriptor that this process was started with is such an end.
    package static func takes(_ number: Int32) -> Bool {
        guard number > 2, trunkline_keeps_messages(number) == 1 else { return false }
        trunkline_set_close_on_exec(number)
        return true
    }

    /// Its number, for a process that is to have it.
    package var number: Int32 { descriptor }

    /// Takes nothing more.
    package func close() { closeDescriptor() }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        for _ in 0..<Self.most where !isClosed {
            var numbers: [Int32] = [-1, -1]
            switch unsafe trunkline_receive_descriptors(descriptor, &numbers) {
            case 1: take(numbers[0], nil)
            case 2: take(numbers[0], numbers[1])
            case -2: continue
            case -1: return
            default: return closeDescriptor()
            }
        }
    }

    private func take(_ number: Int32, _ connection: Int32?) {
        let memory = Descriptor(number)
        var socket: MovedSocket?
        if let connection {
            let moved = MovedSocket(connection, budget: sockets.enterClient() ? sockets : nil)
            guard moved.isCounted else { return }
            socket = moved
        }
        do throws(SystemError) {
            told(try InheritedMemory(owning: memory, most: largest), socket)
        } catch {
            // From a process of this program nothing else comes; what it was is closed.
        }
    }
}
