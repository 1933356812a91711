/// A chat room: join with a name, talk, ask who is here. The same messages as the example backends speak.
final class DemoChat {
    /// Members at most: each message goes to all of them, and each newcomer hears of all.
    private static let room = 500

    private var members: [DemoPeer] = []

    func received(_ text: [UInt8], from peer: DemoPeer) {
        guard let request = FlatObject(text)?.members, let type = request["type"] else {
            return refuse(peer, "not understood")
        }
        switch type {
        case "join": join(peer, name: request["name"] ?? "")
        case "who": peer.send(DemoJSON.object([("type", .text("here")), ("names", .list(names))]))
        case "message": say(request["text"] ?? "", from: peer)
        default: refuse(peer, "unknown type")
        }
    }

    private func refuse(_ peer: DemoPeer, _ reason: String) {
        peer.send(DemoJSON.object([("type", .text("error")), ("reason", .text(reason))]))
    }

    func left(_ peer: DemoPeer) {
        guard let index = members.firstIndex(where: { $0 === peer }) else { return }
        members.remove(at: index)
        broadcast(DemoJSON.object([("type", .text("left")), ("name", .text(peer.name ?? ""))]))
    }

    private var names: [String] { members.compactMap(\.name) }

    private func join(_ peer: DemoPeer, name: String) {
        let wanted = String(name.prefix(40))
        guard !wanted.isEmpty, peer.name == nil else { return refuse(peer, "join once, with a name") }
        guard members.count < Self.room else { return refuse(peer, "the room is full") }
        let taken = Set(names)
        let numbered = (2...Self.room + 1).lazy.map { "\(wanted) \($0)" }
        guard let unique = taken.contains(wanted) ? numbered.first(where: { !taken.contains($0) }) : wanted
        else { return refuse(peer, "the name is taken") }
        peer.name = unique
        broadcast(DemoJSON.object([("type", .text("joined")), ("name", .text(unique))]))
        members.append(peer)
        peer.send(
            DemoJSON.object([("type", .text("welcome")), ("name", .text(unique)), ("here", .list(names))]))
    }

    private func say(_ text: String, from peer: DemoPeer) {
        guard let name = peer.name else { return refuse(peer, "join first") }
        broadcast(
            DemoJSON.object([
                ("type", .text("message")), ("from", .text(name)), ("text", .text(String(text.prefix(2000)))),
            ]))
    }

    private func broadcast(_ message: String) {
        for member in members { member.send(message) }
    }
}
