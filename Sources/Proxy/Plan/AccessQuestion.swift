internal import Access
internal import HTTPProtocol

/// A request that its route is to let in.
struct AccessQuestion {
    let route: Route
    /// Without the token that was taken out of it, which it has as a field.
    let head: RequestHead
    let forwarding: Forwarding
    let host: String
    let taken: TakenToken?
}
