internal import Access
internal import Configuration
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing

/// What is known of a request that will be carried to a backend.
struct UpgradePlan {
    let route: Route
    let upstream: String
    let head: RequestHead
    /// What the backend is asked for: the head's target, rewritten.
    let target: RequestTarget
    let upgrade: UpgradeRequest
    var forwarding: Forwarding
    let host: String
    /// What the client's offer of permessage-deflate comes to; nil when it goes uncompressed.
    let agreement: DeflateAgreement?
    /// The route's policy as the memory allows it now.
    let compression: DeflateOptions?
    /// What the backend is offered; nil where it is to see plain frames, or the client's own offer.
    let backendOffer: DeflateOffer?
    /// The token that was taken out of the request.
    var taken: TakenToken?
    /// What the route's rules found out about the client.
    var admission: Admission?
    /// What it counts against by its keys.
    var keyed: KeyedPlaces?
    /// What lets the session outlive its backend; nil where nothing does.
    var continuity: ContinuityTerms?
    /// What changes of the answer's head.
    var responseEdits: FieldEdits?

    var path: String { head.target.text }
    var requestID: String { forwarding.requestID }

    func clientHandshake(key: String) -> ClientHandshake {
        ClientHandshake(
            head, upgrade: upgrade, target: target, forwarding: forwarding, key: key, offers: offers)
    }

    /// The same for a stream of an HTTP/2 connection.
    func streamHandshake() -> StreamHandshake {
        StreamHandshake(head, upgrade: upgrade, target: target, forwarding: forwarding, offers: offers)
    }

    private var offers: [ExtensionOffer] {
        route.passesExtensions ? upgrade.extensions : backendOffer?.offers ?? []
    }

    /// The 101 for the client, once the backend has given its own.
    func answer(_ accepted: AcceptedUpgrade) -> [UInt8] {
        ServerHandshake.answer(
            to: upgrade, subprotocol: subprotocol(accepted),
            extensions: extensions(accepted),
            backendFields: answerFields(accepted))
    }

    /// What the client is told of subprotocols: where it offered nothing but a token, that.
    func subprotocol(_ accepted: AcceptedUpgrade) -> Subprotocol? {
        accepted.subprotocol ?? taken?.subprotocol
    }

    /// The backend's fields as the client gets them.
    func answerFields(_ accepted: AcceptedUpgrade) -> HeaderFields {
        var fields = accepted.fields
        responseEdits?.apply(to: &fields)
        return fields
    }

    /// What is agreed on with the client. The backend's answer is the client's only where the offer was.
    func extensions(_ accepted: AcceptedUpgrade) -> String? {
        route.passesExtensions ? accepted.extensions : agreement?.answer
    }
}
