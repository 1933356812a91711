/// What each worker takes from a reload.
struct Adoption: Sendable {
    let generation: Generation
    /// All listeners of the new configuration.
    let facts: [ListenerFacts]
    /// Those that are new, bound already.
    let added: [ListenerHandOut]
}
