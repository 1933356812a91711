internal import Access
internal import HTTPProtocol

/// How a request has come in, as far as only its connection says so.
struct Entrance: Equatable {
    let listener: String?
    let isSecure: Bool
    let tlsVersion: String?
    let serverName: String?
}

/// What the variables of fields stand for in one request.
struct PassageFacts {
    private let route: Route
    private let head: RequestHead
    private let forwarding: Forwarding
    private let host: String
    private let entrance: Entrance

    init(_ question: AccessQuestion, _ entrance: Entrance) {
        self.init(question.route, question.head, question.forwarding, host: question.host, entrance)
    }

    init(_ route: Route, _ head: RequestHead, _ forwarding: Forwarding, host: String, _ entrance: Entrance) {
        self.route = route
        self.head = head
        self.forwarding = forwarding
        self.host = host
        self.entrance = entrance
    }

    func value(_ variable: FieldTemplate.Variable, _ admission: Admission) -> String? {
        switch variable {
        case .clientIP: forwarding.client
        case .requestID: forwarding.requestID
        case .tlsVersion: entrance.tlsVersion
        case .sni: entrance.serverName
        case .host: host
        case .method: head.method
        case .path: head.target.path
        case .scheme: entrance.isSecure ? "https" : "http"
        case .route: route.name
        case .listener: entrance.listener
        case .user: admission.user
        case .claim(let name): admission.claims?.fieldValue(name)
        }
    }
}
