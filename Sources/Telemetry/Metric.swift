internal import Synchronization

/// A family of values under one name: what it is called, what it means, which labels tell its values apart.
///
/// Families are made once, as constants, and compared by identity.
package final class Metric: Sendable, Hashable {
    /// What its values are.
    package enum Kind: Sendable { case counter, gauge, histogram(HistogramBuckets) }

    /// As Prometheus wants it: base units, `_total` at the end of counters.
    package let name: String
    /// One sentence for the operator.
    package let help: String
    /// What its values are.
    package let kind: Kind
    /// The names of its labels, in the order in which values are given.
    package let labels: [String]
    /// Among all families of the process: sets find its rows by that.
    let place: Int

    private static let count = Atomic<Int>(0)

    private init(_ name: String, _ help: String, _ kind: Kind, _ labels: [String]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        place = Self.count.add(1, ordering: .relaxed).oldValue
    }

    /// Something that only grows.
    package static func counter(_ name: String, _ help: String, labels: [String] = []) -> Metric {
        Metric(name, help, .counter, labels)
    }

    /// Something that is so much now.
    package static func gauge(_ name: String, _ help: String, labels: [String] = []) -> Metric {
        Metric(name, help, .gauge, labels)
    }

    /// How often something was how large.
    package static func histogram(
        _ name: String, _ help: String, _ buckets: HistogramBuckets, labels: [String] = []
    ) -> Metric {
        Metric(name, help, .histogram(buckets), labels)
    }

    /// By identity.
    package static func == (a: Metric, b: Metric) -> Bool { a === b }

    /// By identity.
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
