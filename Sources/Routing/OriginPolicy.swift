/// Which pages may connect. Browsers send Origin and can't be made to lie; other clients send none and pass.
package struct OriginPolicy: Equatable, Sendable {
    private let allowed: [String]?

    /// nil = any page.
    package init(_ allowed: [String]?) { self.allowed = allowed?.map { $0.lowercased() } }

    /// Whether a request with this Origin (nil = none) may pass.
    package func accepts(_ origin: String?) -> Bool {
        guard let allowed, let origin else { return true }
        return allowed.contains(origin.lowercased())
    }
}
