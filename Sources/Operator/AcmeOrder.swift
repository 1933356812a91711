internal import ACME
internal import Configuration
internal import EventLoop
internal import HTTPProtocol

/// `trunkline acme`: what a running proxy's certificates are at, and orders about them, through its admin listener.
package enum AcmeOrder {
    /// What is wanted.
    package enum Wish: Sendable {
        case status
        /// nil = every name.
        case renew(String?)
        /// For a reason of RFC 5280, 5.3.1.
        case revoke(String, reason: Int)
        case accountKey

        var method: String { if case .status = self { "GET" } else { "POST" } }

        var path: String {
            switch self {
            case .status: "/status"
            case .renew(nil): "/acme/renew"
            case .renew(let name?): "/acme/renew?name=\(PercentCoding.encoded(name))"
            case .revoke(let name, let reason):
                "/acme/revoke?name=\(PercentCoding.encoded(name))&reason=\(reason)"
            case .accountKey: "/acme/account-key"
            }
        }
    }

    /// Asks, prints what comes of it, and ends the process: with 0, or with 1 when it was not done.
    ///
    /// - Parameters:
    ///   - admin: an address as the configuration spells it.
    ///   - token: the file that the admin listener's `token` names; nil = none.
    package static func run(_ wish: Wish, admin: String, token: String?) throws(TopError) -> Never {
        let (_, target) = try Top.target(admin)
        let word = try token.map { (file) throws(TopError) in try Top.read(file) }
        var outcome: Result<String, FetchError>?
        do throws(SystemError) {
            let loop = try EventLoop()
            let fetch = AdminFetch(wish.path, method: wish.method, from: target, token: word, on: loop) {
                outcome = $0
            }
            while outcome == nil { loop.turn() }
            withExtendedLifetime(fetch) {}
        } catch {
            throw TopError(reason: "cannot start: \(error)")
        }
        switch outcome {
        case .success(let text)?:
            Machine.say(wish.isStatus ? try lines(text).joined(separator: "\n") : trimmed(text))
            Machine.exit(0)
        case .failure(let error)?: throw TopError(reason: error.reason)
        case nil: throw TopError(reason: "no answer")
        }
    }

    private static func trimmed(_ text: String) -> String {
        text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// A line for each certificate, and one for its last error.
    static func lines(_ status: String) throws(TopError) -> [String] {
        guard let page = try? JSONNode(parsing: Array(status.utf8)) else {
            throw TopError(reason: "the admin listener's answer is not JSON")
        }
        guard let acme = page["acme"], acme["directory"] != nil else {
            throw TopError(reason: "no certificates are asked for: the configuration has no 'acme'")
        }
        var lines = ["authority \(acme["directory"]?.string ?? "")"]
        for entry in acme["certificates"]?.elements ?? [] {
            let name = entry["name"]?.string ?? "?"
            let state = entry["ready"]?.isTrue == true ? "ready" : "missing"
            let expires = entry["expires"]?.string.map { "expires \($0), " } ?? ""
            let activity = entry["activity"]?.string.map { ", now: \($0)" } ?? ""
            lines.append("\(name)  \(state)  \(expires)asked for \(entry["due"]?.string ?? "?")\(activity)")
            if let error = entry["last_error"]?.string {
                lines.append("    failed at \(entry["last_error_at"]?.string ?? "?"): \(error)")
            }
        }
        return lines
    }
}

extension AcmeOrder.Wish {
    fileprivate var isStatus: Bool { if case .status = self { true } else { false } }
}
