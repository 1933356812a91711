/// `paths.ambiguous`: what becomes of a target that backends read in several ways.
package enum AmbiguousPaths: String, Equatable, Sendable {
    /// Refused where the readings lead to different routes or out of a rewritten prefix.
    case judge
    /// Refused always.
    case refuse
    /// Taken literally.
    case pass
}

/// Reads `paths`, of all routes and of one.
enum PathsDecoder {
    static func decode(_ section: Section, over default: AmbiguousPaths) -> AmbiguousPaths {
        let paths = section.section("paths")
        var ambiguous = `default`
        paths.value("ambiguous", into: &ambiguous, expected: "judge, refuse or pass") { .init(rawValue: $0) }
        paths.finish()
        return ambiguous
    }
}
