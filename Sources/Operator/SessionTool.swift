internal import ASCII
internal import Access
internal import Configuration
internal import EventLoop

/// `trunkline sessions` and `trunkline close`: what the admin listener says of sessions, and does with them, for a shell.
package enum SessionTool {
    /// Where the admin listener is, and what it asks for.
    package struct Admin {
        /// As the configuration spells it.
        let address: String
        /// The file with its token; nil = none.
        let token: String?

        /// Both as they stand on the command line.
        package init(address: String, token: String?) {
            self.address = address
            self.token = token
        }
    }

    /// Parameters of a call, those that are given.
    package typealias Parameters = [(name: String, value: String?)]

    /// The lines to print: a table, or what the listener says.
    package static func list(_ parameters: Parameters, asJSON: Bool, _ admin: Admin) throws(TopError)
        -> [String]
    {
        let text = try call("GET", "/sessions" + query(parameters), admin)
        guard !asJSON else { return [text.trimmed] }
        guard let table = SessionTable(text) else {
            throw TopError(reason: "its answer is no list of sessions")
        }
        return table.lines
    }

    /// Closes one session, or those that the parameters mean.
    package static func close(
        id: String?, _ parameters: Parameters, asJSON: Bool, _ admin: Admin
    ) throws(TopError) -> [String] {
        let text: String
        if let id {
            text = try call("DELETE", "/sessions/" + encoded(id) + query(parameters), admin)
        } else {
            text = try call("POST", "/sessions/close" + query(parameters), admin)
        }
        guard !asJSON, let count = (try? JSONValue(text.utf8))?["sessions"]?.scalar else {
            return [text.trimmed]
        }
        return ["closing \(count) session\(count == "1" ? "" : "s")"]
    }

    // MARK: The call

    static func query(_ parameters: Parameters) -> String {
        let given = parameters.compactMap { name, value in value.map { "\(name)=\(encoded($0))" } }
        return given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case _ where byte.isDigit || byte.isLetter, .hyphen, .dot, .underscore, .tilde:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    private static func call(_ method: String, _ path: String, _ admin: Admin) throws(TopError) -> String {
        let (address, target) = try Top.target(admin.address)
        let token = try admin.token.map { (file) throws(TopError) in try Top.read(file) }
        let loop: EventLoop
        do throws(SystemError) { loop = try EventLoop() } catch {
            throw TopError(reason: "cannot start: \(error)")
        }
        var answer: Result<String, FetchError>?
        let fetch = AdminFetch(path, method: method, from: target, token: token, on: loop) { answer = $0 }
        while true {
            switch answer {
            case .success(let text)?: return text
            case .failure(let error)?: throw TopError(reason: error.words(from: address))
            case nil: withExtendedLifetime(fetch) { loop.turn() }
            }
        }
    }
}

extension FetchError {
    /// For who asked at an address.
    func words(from address: Address) -> String {
        let hint = isRefused ? "; is 'admin' in the configuration, and is this its address?" : ""
        return "no answer from \(address): \(reason)\(hint)"
    }
}

extension String {
    fileprivate var trimmed: String { last == "\n" ? String(dropLast()) : self }
}
