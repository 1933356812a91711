internal import Access
internal import Configuration
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing

/// What is known of a request that will be carried to a backend. A value in one object: it is handed from step to step of a
/// handshake, and a copy is to cost nothing.
struct UpgradePlan {
    /// What a plan has.
    struct Values {
        let route: Route
        let upstream: String
        let head: RequestHead
        let target: RequestTarget
        let upgrade: UpgradeRequest
        var forwarding: Forwarding
        let host: String
        let agreement: DeflateAgreement?
        let compression: DeflateOptions?
        let backendOffer: DeflateOffer?
        var keyed: KeyedPlaces?
        var apart: Apart<Few>?

        /// What few plans have. It stands apart, as it would make all of them larger than what the heap gives out fast.
        struct Few {
            var taken: TakenToken?
            var admission: Admission?
            /// Where its route changes fields or lets nobody in unasked.
            var entrance: Entrance?
            var continuity: ContinuityTerms?
            var reopening: String?
            var resume: ResumeRequest?
            var responseEdits: FieldEdits?
        }

        var few: Few {
            get { apart?.value ?? Few() }
            set { apart = Apart(newValue) }
        }
    }

    private final class Storage {
        var values: Values
        init(_ values: Values) { self.values = values }
    }

    private var storage: Storage

    init(_ values: Values) { storage = Storage(values) }

    private mutating func change(_ body: (inout Values) -> Void) {
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.values) }
        body(&storage.values)
    }

    /// - Parameter isNothing: where there is nothing yet, nothing changes.
    private mutating func changeFew(_ isNothing: Bool, _ body: (inout Values.Few) -> Void) {
        if !isNothing || storage.values.apart != nil { change { body(&$0.few) } }
    }

    var route: Route { storage.values.route }
    var upstream: String { storage.values.upstream }
    var head: RequestHead { storage.values.head }
    /// What the backend is asked for: the head's target, rewritten.
    var target: RequestTarget { storage.values.target }
    var upgrade: UpgradeRequest { storage.values.upgrade }
    var forwarding: Forwarding {
        get { storage.values.forwarding }
        set { change { $0.forwarding = newValue } }
    }
    var host: String { storage.values.host }
    /// What the client's offer of permessage-deflate comes to; nil when it goes uncompressed.
    var agreement: DeflateAgreement? { storage.values.agreement }
    /// The route's policy as the memory allows it now.
    var compression: DeflateOptions? { storage.values.compression }
    /// What the backend is offered; nil where it is to see plain frames, or the client's own offer.
    var backendOffer: DeflateOffer? { storage.values.backendOffer }
    /// The token that was taken out of the request.
    var taken: TakenToken? {
        get { storage.values.apart?.value.taken }
        set { changeFew(newValue == nil) { $0.taken = newValue } }
    }
    /// What the route's rules found out about the client.
    var admission: Admission? {
        get { storage.values.apart?.value.admission }
        set { changeFew(newValue == nil) { $0.admission = newValue } }
    }
    /// What it counts against by its keys.
    var keyed: KeyedPlaces? {
        get { storage.values.keyed }
        set { if newValue != nil || keyed != nil { change { $0.keyed = newValue } } }
    }
    /// How it came in, where its route's rules may go by that again.
    var entrance: Entrance? {
        get { storage.values.apart?.value.entrance }
        set { changeFew(newValue == nil) { $0.entrance = newValue } }
    }
    /// What has become of the session's backend before; nil for its first one.
    var reopening: String? { storage.values.apart?.value.reopening }
    /// What lets the session outlive its backend; nil where nothing does.
    var continuity: ContinuityTerms? {
        get { storage.values.apart?.value.continuity }
        set { changeFew(newValue == nil) { $0.continuity = newValue } }
    }
    /// That its client knows how to come back; nil where it doesn't, or the route has none of that.
    var resume: ResumeRequest? {
        get { storage.values.apart?.value.resume }
        set { changeFew(newValue == nil) { $0.resume = newValue } }
    }
    /// What changes of the answer's head.
    var responseEdits: FieldEdits? {
        get { storage.values.apart?.value.responseEdits }
        set { changeFew(newValue == nil) { $0.responseEdits = newValue } }
    }

    /// Whether it has anything that few plans have.
    var hasMore: Bool { storage.values.apart != nil }

    var path: String { head.target.text }
    var requestID: String { forwarding.requestID }

    func clientHandshake(key: String) -> ClientHandshake {
        ClientHandshake(
            head, upgrade: upgrade, target: target, forwarding: named, key: key, offers: offers)
    }

    /// The same for a stream of an HTTP/2 connection.
    func streamHandshake() -> StreamHandshake {
        StreamHandshake(head, upgrade: upgrade, target: target, forwarding: named, offers: offers)
    }

    /// With the session's name, where it has one: nobody else may say that.
    private var named: Forwarding {
        guard let continuity else { return forwarding }
        var named = forwarding
        var edits = named.edits ?? FieldEdits()
        edits.set(ContinuityTerms.sessionField, "\(continuity.name)", isPersonal: true)
        edits.set(ContinuityTerms.resumeField, reopening ?? "", isPersonal: true)
        named.edits = edits
        return named
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

    /// What the client is told of subprotocols: where it offered nothing but a token, or that it can come back, that.
    func subprotocol(_ accepted: AcceptedUpgrade) -> Subprotocol? {
        accepted.subprotocol ?? (resume?.isOffered == true ? ResumeRequest.name : taken?.subprotocol)
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
