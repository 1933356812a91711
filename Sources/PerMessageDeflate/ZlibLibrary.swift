internal import CZlib

/// The library in use at run time.
package enum ZlibLibrary {
    /// E.g. `1.2.13`.
    package static var version: String { unsafe String(cString: zlibVersion()) }
}
