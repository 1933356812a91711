internal import HTTPProtocol

/// What an upstream answered to a request of our own.
struct UpstreamAnswer {
    let head: ResponseHead
    let body: [UInt8]
}
