/// A property of one parser that must hold for any bytes. Returns what is wrong; nil when nothing is.
package struct FuzzTarget: Sendable {
    /// Also the name of its corpus.
    package let name: String
    package let check: @Sendable ([UInt8]) -> String?

    /// All of them.
    package static let all: [FuzzTarget] = [
        FuzzTarget(name: "frames", check: Frames.check),
        FuzzTarget(name: "utf8", check: Text.check),
        FuzzTarget(name: "negotiation", check: Extensions.checkNegotiation),
        FuzzTarget(name: "inflate", check: Extensions.checkInflation),
        FuzzTarget(name: "requests", check: Heads.checkRequests),
        FuzzTarget(name: "responses", check: Heads.checkResponses),
        FuzzTarget(name: "chunks", check: Heads.checkChunks),
        FuzzTarget(name: "targets", check: Targets.check),
        FuzzTarget(name: "proxy_header", check: Heads.checkProxyHeader),
        FuzzTarget(name: "http2_server", check: HTTP2.checkServer),
        FuzzTarget(name: "http2_client", check: HTTP2.checkClient),
        FuzzTarget(name: "records", check: Records.check),
        FuzzTarget(name: "tokens", check: Credentials.check),
        FuzzTarget(name: "configuration", check: Settings.check),
    ]
}

/// The bytes behind the first, cut in two where the first says.
func halves(_ bytes: [UInt8]) -> (whole: [UInt8], parts: [[UInt8]]) {
    let whole = Array(bytes.dropFirst())
    let cut = min(Int(bytes.first ?? 0), whole.count)
    return (whole, [Array(whole[..<cut]), Array(whole[cut...])])
}
