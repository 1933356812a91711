/// The name of a session within this process: its worker, and a number of its own there. Numbers begin at random, so that a
/// name that somebody kept means nobody else in the next process.
struct SessionID: Equatable, Sendable, CustomStringConvertible {
    let worker: Int
    let number: UInt64

    init(worker: Int, number: UInt64) {
        self.worker = worker
        self.number = number
    }

    init?(_ text: Substring) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let worker = Int(parts[0]), let number = UInt64(parts[1], radix: 16) else {
            return nil
        }
        self.init(worker: worker, number: number)
        guard description == text else { return nil }
    }

    var description: String { "\(worker)-\(String(number, radix: 16))" }
}
