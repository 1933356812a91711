/// The usual words for a status (RFC 9110, 15).
package enum ReasonPhrase {
    private static let known: [Int: String] = [
        101: "Switching Protocols", 200: "OK", 204: "No Content", 301: "Moved Permanently", 302: "Found",
        304: "Not Modified", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 410: "Gone",
        413: "Content Too Large",
        421: "Misdirected Request", 426: "Upgrade Required", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
        502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
        505: "HTTP Version Not Supported",
    ]

    /// Empty for a status without a usual word.
    package static func of(_ status: Int) -> String { known[status] ?? "" }
}
