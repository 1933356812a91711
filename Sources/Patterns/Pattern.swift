internal import CPCRE2

/// A compiled regular expression (PCRE2) that the whole of a text must match, with bounds on what that may cost.
///
/// Each worker has its own, so that a match takes no lock. Unsafe code is here because PCRE2 is a C library: its objects
/// are owned by this class alone, and the bytes of a text are lent for one call.
///
/// Interpreted, not compiled to machine code: the just-in-time compiler keeps neither the limit of depth nor that of
/// memory, and it needs pages that are both writable and executable, which a hardened service has not.
@safe package final class Pattern {
    /// Steps back of one match: some microseconds to half a millisecond.
    private static let steps: UInt32 = 50_000
    /// Choices that are open at the same time.
    private static let depth: UInt32 = 20_000
    /// KiB for them.
    private static let memory: UInt32 = 2048

    private let code: OpaquePointer
    private let match: OpaquePointer
    private let context: OpaquePointer

    /// Compiles a text. A pattern can't take the limits off, and reads bytes, not characters.
    package init(_ text: String) throws(PatternError) {
        var text = text
        let (compiled, status, offset) = text.withUTF8 { bytes in
            var status: Int32 = 0
            var offset = 0
            let compiled = unsafe pcre2_compile_8(
                bytes.baseAddress, bytes.count, Self.options, &status, &offset, nil)
            return unsafe (compiled, status, offset)
        }
        guard let code = unsafe compiled else {
            throw PatternError(message: Self.message(status), offset: min(offset, text.utf8.count))
        }
        guard let match = unsafe pcre2_match_data_create_8(1, nil) else {
            unsafe pcre2_code_free_8(code)
            throw PatternError(message: "no memory", offset: 0)
        }
        guard let context = unsafe pcre2_match_context_create_8(nil) else {
            unsafe pcre2_match_data_free_8(match)
            unsafe pcre2_code_free_8(code)
            throw PatternError(message: "no memory", offset: 0)
        }
        unsafe pcre2_set_match_limit_8(context, Self.steps)
        unsafe pcre2_set_depth_limit_8(context, Self.depth)
        unsafe pcre2_set_heap_limit_8(context, Self.memory)
        unsafe (self.code, self.match, self.context) = unsafe (code, match, context)
    }

    deinit {
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_match_data_free_8(match)
        unsafe pcre2_code_free_8(code)
    }

    private static let options =
        PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP
        | PCRE2_NEVER_BACKSLASH_C

    /// Whether all of the text matches; whoever asks must not take a limit for "no".
    package func matches(_ text: String) throws(PatternLimitReached) -> Bool {
        var text = text
        let status = text.withUTF8 { bytes in
            unsafe pcre2_match_8(code, bytes.baseAddress, bytes.count, 0, 0, match, context)
        }
        if status >= 0 { return true }
        guard status == PCRE2_ERROR_NOMATCH else { throw PatternLimitReached() }
        return false
    }

    private static func message(_ status: Int32) -> String {
        let text = unsafe [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            let length = unsafe pcre2_get_error_message_8(status, buffer.baseAddress, buffer.count)
            count = max(0, min(Int(length), buffer.count))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
