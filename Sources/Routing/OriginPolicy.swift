internal import ASCII

/// Which pages may connect. Browsers send Origin and can't be made to lie; other clients send none and pass.
package struct OriginPolicy: Equatable, Sendable {
    private let allowed: [[UInt8]]?

    /// nil = any page.
    package init(_ allowed: [String]?) { self.allowed = allowed?.map { lower(Array($0.utf8)) } }

    /// Whether a request with these Origin lines (none = no page) may pass: all of them, since any could be the one that
    /// the backend reads.
    package func accepts(_ origins: @autoclosure () -> [[UInt8]]) -> Bool {
        guard let allowed else { return true }
        return origins().allSatisfy { allowed.contains(lower($0)) }
    }
}

/// But for ASCII letters the same bytes: text would hold some different ones equal.
private func lower(_ bytes: [UInt8]) -> [UInt8] { bytes.map { $0.lowercased } }
