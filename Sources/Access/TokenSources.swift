internal import ASCII
package import HTTPProtocol

/// Where browsers put tokens, since they can't set fields for a WebSocket, and where they are to be passed on.
package struct TokenSources: Equatable, Sendable {
    /// One of those places.
    package enum Source: Equatable, Sendable {
        /// A member of `Sec-WebSocket-Protocol` that begins so.
        case subprotocol(prefix: String)
        /// A parameter of the query.
        case query(String)
        case cookie(String)
    }

    /// The first that has one decides; what the others have is taken out too.
    package var sources: [Source]
    /// The field that it goes on in: `Authorization` has it behind `Bearer`, any other as it is.
    package var field: String

    /// Places and a field.
    package init(_ sources: [Source], field: String = "Authorization") {
        self.sources = sources
        self.field = field
    }

    /// Whether it goes on as credentials of RFC 6750.
    package var isAuthorization: Bool { equalsIgnoringCase(field, "authorization") }

    /// The parameters of queries that have a token.
    package var queryNames: [String] {
        sources.compactMap { if case .query(let name) = $0 { name } else { nil } }
    }

    /// Takes the token out of a request, and puts it where it is to be.
    package func take(from head: inout RequestHead) -> TakenToken? {
        var token: String?
        var subprotocol: Subprotocol?
        for source in sources {
            let found: String?
            switch source {
            case .subprotocol(let prefix):
                let member = Self.takeSubprotocol(prefix, from: &head.fields)
                subprotocol = subprotocol ?? member
                found = member.map { String(decoding: $0.bytes.dropFirst(prefix.utf8.count), as: UTF8.self) }
            case .query(let name): found = QueryText.take(name, from: &head)
            case .cookie(let name): found = Self.takeCookie(name, from: &head.fields)
            }
            if token == nil, let found, !found.isEmpty { token = found }
        }
        // Whoever reads a token there takes it for one that was checked. `Authorization` is what others than browsers send.
        if !isAuthorization { head.fields.remove(spelledAs: field) }
        guard let token else { return nil }
        head.fields.remove(spelledAs: field)
        head.fields.append(field, isAuthorization ? "Bearer " + token : token)
        let offersOthers = !OfferedSubprotocols(head.fields).names.isEmpty
        return TakenToken(token: token, subprotocol: offersOthers ? nil : subprotocol)
    }

    private static func takeSubprotocol(_ prefix: String, from fields: inout HeaderFields) -> Subprotocol? {
        let wanted = Array(prefix.utf8)
        var found: Subprotocol?
        var lines: [[UInt8]] = []
        for line in OfferedSubprotocols(fields).lines {
            let members = line.split(separator: .comma)
            let kept = members.filter { member in
                let name = member.drop { $0 == .space || $0 == .tab }
                guard name.starts(with: wanted) else { return true }
                let end = name.lastIndex { $0 != .space && $0 != .tab }.map { $0 + 1 } ?? name.endIndex
                found = found ?? Subprotocol(name[..<end])
                return false
            }
            if kept.count == members.count {
                lines.append(line)
            } else if !kept.isEmpty {
                lines.append(Array(kept.joined(separator: [.comma])))
            }
        }
        guard found != nil else { return nil }
        fields.remove("sec-websocket-protocol")
        for line in lines { fields.append("Sec-WebSocket-Protocol", bytes: line) }
        return found
    }

    private static func takeCookie(_ name: String, from fields: inout HeaderFields) -> String? {
        var found: String?
        var lines: [[UInt8]] = []
        for line in fields.values("cookie") {
            let pairs = line.split(separator: .semicolon)
            let kept = pairs.filter { pair in
                let text = pair.drop { $0 == .space || $0 == .tab }
                guard text.starts(with: name.utf8), text.dropFirst(name.utf8.count).first == .equals else {
                    return true
                }
                let value = text.dropFirst(name.utf8.count + 1)
                let bare = value.first == .quote && value.last == .quote && value.count > 1
                found = found ?? String(decoding: bare ? value.dropFirst().dropLast() : value, as: UTF8.self)
                return false
            }
            if kept.count == pairs.count {
                lines.append(line)
            } else if !kept.isEmpty {
                lines.append(Array(kept.joined(separator: [.semicolon]).drop { $0 == .space }))
            }
        }
        guard found != nil else { return nil }
        fields.remove("cookie")
        for line in lines { fields.append("Cookie", bytes: line) }
        return found
    }
}

/// A token that was taken out of a request.
package struct TakenToken: Equatable, Sendable {
    /// As it is checked and passed on.
    package let token: String
    /// What the client must be answered where it offered no other subprotocol: browsers give up a WebSocket whose answer
    /// names none of those that they asked for.
    package let subprotocol: Subprotocol?
}
