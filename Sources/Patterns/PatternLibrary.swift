internal import CPCRE2

/// The library in use.
package enum PatternLibrary {
    /// Its version at run time, e.g. `10.42 2022-12-11`.
    package static var version: String {
        let text = unsafe [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            // The length counts the zero at the end.
            let length = unsafe pcre2_config_8(UInt32(PCRE2_CONFIG_VERSION), buffer.baseAddress)
            count = max(0, min(Int(length) - 1, buffer.count))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
