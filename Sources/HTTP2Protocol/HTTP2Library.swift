internal import CNGHTTP2

/// The library in use at run time.
package enum HTTP2Library {
    /// E.g. `1.52.0`.
    package static var version: String {
        // nghttp2_version returns a static value.
        guard let info = unsafe nghttp2_version(0) else { return "unknown" }
        return unsafe String(cString: info.pointee.version_str)
    }
}
