import Foundation

/// What a member sends. The protocol is written down in ../node-chat/README.md.
enum ClientMessage: Equatable {
    case join(name: String)
    case message(text: String)
    case who

    /// One JSON text, or the reason why it isn't one of ours.
    static func parse(_ text: String) throws(Rejection) -> ClientMessage {
        struct Fields: Decodable {
            var type: String
            var name: String?
            var text: String?
        }
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(text.utf8)) else {
            throw Rejection(reason: "not understood")
        }
        switch fields.type {
        case "join":
            let name = (fields.name ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            guard !name.isEmpty else { throw Rejection(reason: "join once, with a name") }
            return .join(name: String(name.prefix(ChatLimits.name)))
        case "message":
            guard let text = fields.text else { throw Rejection(reason: "text is missing") }
            return .message(text: String(text.prefix(ChatLimits.text)))
        case "who": return .who
        default: throw Rejection(reason: "unknown type")
        }
    }
}

/// What the room sends.
enum ServerMessage {
    case welcome(name: String, here: [String])
    case joined(name: String)
    case left(name: String)
    case message(from: String, text: String, at: Int64)
    case here(names: [String])
    case error(reason: String)

    /// The JSON text, made once however many members receive it.
    func encoded() -> String {
        struct Fields: Encodable {
            var type: String
            var name: String?
            var here: [String]?
            var names: [String]?
            var from: String?
            var text: String?
            var at: Int64?
            var reason: String?
        }
        let fields: Fields =
            switch self {
            case .welcome(let name, let here): Fields(type: "welcome", name: name, here: here)
            case .joined(let name): Fields(type: "joined", name: name)
            case .left(let name): Fields(type: "left", name: name)
            case .message(let from, let text, let at): Fields(type: "message", from: from, text: text, at: at)
            case .here(let names): Fields(type: "here", names: names)
            case .error(let reason): Fields(type: "error", reason: reason)
            }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(fields) else { return #"{"type":"error","reason":"encoding"}"# }
        return String(decoding: data, as: UTF8.self)
    }
}

/// A message that was refused; its sender is told the reason and stays connected.
struct Rejection: Error, Equatable {
    var reason: String
}

/// Longer names and texts are cut, in characters.
enum ChatLimits {
    static let name = 40
    static let text = 2000
}
