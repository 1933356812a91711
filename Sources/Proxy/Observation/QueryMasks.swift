internal import Access

/// The parameters of queries that have tokens in them: of one worker, and the same for all its lines.
final class QueryMasks {
    /// Of the configuration that counts now.
    var names: [String] = []

    /// A path with its query, as a line may show it.
    func masked(_ target: String) -> String { QueryText.masked(target: target, names: names) }
}
