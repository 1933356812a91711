internal import Configuration
internal import HTTPProtocol
internal import Patterns
internal import Routing

/// What route a target comes to.
enum OnRouteChoice {
    /// `target` is what the route's backend is asked for.
    case route(Route, target: RequestTarget)
    case none
    /// The target could be read in several ways, and they part.
    case ambiguous
    /// A pattern was given up: nobody knows what route it would have been.
    case undecided
}

/// Chooses the route for a request and what its backend is asked for, both from one form of its target.
///
/// What backends read in several ways is judged in all of them: a target whose readings part is refused, or it would walk
/// round one of the routes.
struct RouteChoice {
    let generation: Generation
    let table: RouteTable

    /// - Parameter wanted: with the path of `target`.
    func choose(_ wanted: RouteRequest, _ target: RequestTarget) -> OnRouteChoice {
        do throws(PatternLimitReached) {
            guard let index = try table.route(wanted), let route = generation.route(at: index) else {
                let refuses = target.isAmbiguous && generation.configuration.ambiguousPaths == .refuse
                return refuses ? .ambiguous : .none
            }
            if route.ambiguousPaths == .refuse, target.isAmbiguous { return .ambiguous }
            let rewritten = route.rewrite?.apply(target.path)
            guard let sent = rewritten.map({ target.replacing(path: $0) }) ?? target else {
                return .ambiguous
            }
            guard route.ambiguousPaths != .pass, target.hasReadings else {
                return .route(route, target: sent)
            }
            let isClear = try target.everyReading { (path) throws(PatternLimitReached) in
                guard (route.rewrite?.apply(path) != nil) == (rewritten != nil) else { return false }
                return try table.route(wanted.with(path: path)) == index
            }
            // What the backend reads of it must not lead out of what the route maps to.
            let staysInside = rewritten == nil || sent.everyReading { route.rewrite?.reaches($0) ?? true }
            return isClear && staysInside ? .route(route, target: sent) : .ambiguous
        } catch {
            return .undecided
        }
    }
}
