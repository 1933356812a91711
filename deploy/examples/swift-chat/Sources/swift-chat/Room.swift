import Foundation

/// Who is here, and what everybody hears. It knows outboxes, never sockets.
actor Room {
    private struct Member {
        var id: UUID
        var name: String
        var outbox: Outbox
    }

    private var members: [Member] = []

    private var names: [String] { members.map(\.name) }

    func receive(_ message: ClientMessage, from id: UUID, outbox: Outbox) throws(Rejection) {
        switch message {
        case .join(let name): try join(name, id: id, outbox: outbox)
        case .message(let text): try say(text, from: id)
        case .who: outbox.send(.here(names: names))
        }
    }

    func leave(_ id: UUID) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        tellEveryone(.left(name: members.remove(at: index).name))
    }

    private func join(_ wanted: String, id: UUID, outbox: Outbox) throws(Rejection) {
        guard !members.contains(where: { $0.id == id }) else {
            throw Rejection(reason: "join once, with a name")
        }
        let name = unused(wanted)
        tellEveryone(.joined(name: name))
        members.append(Member(id: id, name: name, outbox: outbox))
        outbox.send(.welcome(name: name, here: names))
    }

    /// The second Ada is "Ada 2".
    private func unused(_ wanted: String) -> String {
        let taken = Set(names)
        var name = wanted
        var number = 2
        while taken.contains(name) {
            name = "\(wanted) \(number)"
            number += 1
        }
        return name
    }

    private func say(_ text: String, from id: UUID) throws(Rejection) {
        guard let member = members.first(where: { $0.id == id }) else {
            throw Rejection(reason: "join first")
        }
        let at = Int64(Date().timeIntervalSince1970 * 1000)
        tellEveryone(.message(from: member.name, text: text, at: at))
    }

    private func tellEveryone(_ message: ServerMessage) {
        let text = message.encoded()
        for member in members { member.outbox.send(text: text) }
    }
}

/// What waits to be written to one member. A member who lets it fill up is sent away: 1013, too slow.
struct Outbox: Sendable {
    let replies: AsyncStream<Reply>
    private let continuation: AsyncStream<Reply>.Continuation

    init(capacity: Int = 256) {
        (replies, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(capacity))
    }

    func send(_ message: ServerMessage) { send(text: message.encoded()) }

    func send(text: String) {
        if case .dropped = continuation.yield(.text(text)) { continuation.finish() }
    }
}
