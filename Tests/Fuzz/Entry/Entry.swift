import FuzzTargets
import Glibc

private let target: FuzzTarget = {
    let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        print("FUZZ_TARGET must be one of \(FuzzTarget.all.map(\.name))")
        exit(2)
    }
    return target
}()

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<Arguments?>, _ callback: Callback
) -> Int32

private func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    if let problem = target.check(input) {
        print("\(target.name): \(problem)")
        // What is buffered would be lost.
        fflush(nil)
        abort()
    }
    return 0
}

/// The package manager gives an executable's `main` this name, so libFuzzer's own is not used.
@_cdecl("fuzz_main")
public func fuzzMain(
    _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    var count = count
    var arguments: Arguments? = unsafe arguments
    return unsafe runDriver(&count, &arguments) { unsafe testOneInput($0, $1) }
}
