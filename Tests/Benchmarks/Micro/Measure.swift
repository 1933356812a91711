import Foundation
import Glibc

/// CPU time of this thread, so that what else runs on the machine counts little.
func cpuNanoseconds() -> UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Nanoseconds of one call of `work`: the best of several rounds of at least 20 ms each.
func nanoseconds(_ work: () -> Void) -> Double {
    var calls = 1
    var best = Double.infinity
    var rounds = 0
    while rounds < 9 {
        let start = cpuNanoseconds()
        for _ in 0..<calls { work() }
        let spent = cpuNanoseconds() - start
        guard spent >= 20_000_000 else {
            calls *= 2
            continue
        }
        best = min(best, Double(spent) / Double(calls))
        rounds += 1
    }
    return best
}

/// Keeps the optimiser from dropping what leads to it.
@inline(never) func use<T>(_ value: T) {}

/// Resident bytes of this process.
func residentBytes() -> Int {
    let fields =
        (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
}

/// A column of so many characters.
func column(_ text: String, _ width: Int, left: Bool = false) -> String {
    let padding = String(repeating: " ", count: max(0, width - text.count))
    return left ? text + padding : padding + text
}

/// With so many digits behind the point.
func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((value * scale).rounded())
    guard digits > 0 else { return "\(rounded)" }
    let fraction = "\(abs(rounded) % Int(scale))"
    return "\(rounded / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}
