internal import HTTP2Protocol
internal import Patterns
internal import PerMessageDeflate
internal import TLS

/// What `trunkline version` prints.
package enum Versions {
    /// This program's own.
    package static let trunkline = "0.1.0"

    /// One line a component, those of the libraries as they are at run time.
    package static var lines: [String] {
        [
            "trunkline \(trunkline)", TLSLibrary.version, "zlib \(ZlibLibrary.version)",
            "nghttp2 \(HTTP2Library.version)", "PCRE2 \(PatternLibrary.version)",
        ]
    }
}
