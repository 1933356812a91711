import Logging

@testable import Proxy

/// How tests read what an event leaves.
enum EventText {
    /// `level message key=value …`, keys in order; what the operator did begins with `!`.
    static func of(_ line: EventLine) -> String {
        let mark = if case .operation = line.kind { "!" } else { "" }
        return mark + of("\(line.level) \(line.message)", line.fields)
    }

    static func of(_ start: String, _ fields: Logger.Metadata) -> String {
        ([start] + fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
    }
}
