internal import Yams

/// A chat room: join with a name, talk, ask who is here. The same messages as the example backends speak.
final class DemoChat {
    private var members: [DemoPeer] = []

    private struct Request: Decodable {
        let type: String
        let name: String?
        let text: String?
    }

    func received(_ text: String, from peer: DemoPeer) {
        // JSON is a subset of YAML, and its decoder is at hand.
        guard let request = try? YAMLDecoder().decode(Request.self, from: text) else {
            return peer.send(JSON.object([("type", .text("error")), ("reason", .text("not understood"))]))
        }
        switch request.type {
        case "join": join(peer, name: request.name ?? "")
        case "who": peer.send(JSON.object([("type", .text("here")), ("names", .list(names))]))
        case "message": say(request.text ?? "", from: peer)
        default: peer.send(JSON.object([("type", .text("error")), ("reason", .text("unknown type"))]))
        }
    }

    func left(_ peer: DemoPeer) {
        guard let index = members.firstIndex(where: { $0 === peer }) else { return }
        members.remove(at: index)
        broadcast(JSON.object([("type", .text("left")), ("name", .text(peer.name ?? ""))]))
    }

    private var names: [String] { members.compactMap(\.name) }

    private func join(_ peer: DemoPeer, name: String) {
        let wanted = String(name.prefix(40))
        guard !wanted.isEmpty, peer.name == nil else {
            return peer.send(
                JSON.object([("type", .text("error")), ("reason", .text("join once, with a name"))]))
        }
        var unique = wanted
        var number = 2
        while names.contains(unique) {
            unique = "\(wanted) \(number)"
            number += 1
        }
        peer.name = unique
        broadcast(JSON.object([("type", .text("joined")), ("name", .text(unique))]))
        members.append(peer)
        peer.send(JSON.object([("type", .text("welcome")), ("name", .text(unique)), ("here", .list(names))]))
    }

    private func say(_ text: String, from peer: DemoPeer) {
        guard let name = peer.name else {
            return peer.send(JSON.object([("type", .text("error")), ("reason", .text("join first"))]))
        }
        broadcast(
            JSON.object([
                ("type", .text("message")), ("from", .text(name)), ("text", .text(String(text.prefix(2000)))),
            ]))
    }

    private func broadcast(_ message: String) {
        for member in members { member.send(message) }
    }
}
