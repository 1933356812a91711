internal import CLinux

/// A list of C strings that ends with NULL.
@safe final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { unsafe pointers[index] = strdup(string) }
        unsafe pointers[strings.count] = nil
    }

    /// Starts a program: see `trunkline_spawn`.
    ///
    /// - Parameters:
    ///   - inherited: descriptors that it gets under the same numbers.
    ///   - output: where what it says goes; without one it writes where this process does.
    ///   - apart: whether it is to be no child of this process; its status is never known then.
    static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String], inheriting inherited: [Int32] = [],
        output: Int32? = nil, apart: Bool = false
    ) throws(SystemError) -> pid_t {
        var child: pid_t = 0
        // Copies that the call reads and that are freed after it.
        let words = CStrings(arguments)
        let variables = CStrings(environment)
        let code = unsafe trunkline_spawn(
            &child, program, words.pointers, variables.pointers, inherited, Int32(inherited.count),
            output ?? -1, apart ? 1 : 0)
        guard code == 0 else { throw SystemError(call: "posix_spawn", code: code) }
        return child
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}
