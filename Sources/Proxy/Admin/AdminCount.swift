internal import Telemetry

/// A number in an answer: those of several processes are added up.
struct AdminCount: Equatable, Sendable {
    let name: String
    let value: Int
}

extension AdminResponse {
    /// An answer that is numbers.
    static func counting(_ counts: [AdminCount], _ more: [(String, JSONValue)] = []) -> AdminResponse {
        let members = counts.map { ($0.name, JSONValue.integer($0.value)) } + more
        return AdminResponse(
            200, JSONValue.object(members).text, contentType: "application/json", counts: counts)
    }
}
