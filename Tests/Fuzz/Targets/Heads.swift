import HTTPProtocol

enum Heads {
    /// A head is the same however it is cut, and is itself when it is written and read again.
    static func checkRequests(_ bytes: [UInt8]) -> String? {
        let (whole, parts) = halves(bytes)
        let once = request([whole])
        if once != request(parts) { return "cut in two it reads differently" }
        guard let once else { return nil }
        guard let again = request([once.encoded], wider) else { return "what was written can't be read" }
        return again == once ? nil : "what was written reads differently"
    }

    static func checkResponses(_ bytes: [UInt8]) -> String? {
        let (whole, parts) = halves(bytes)
        let once = response([whole])
        if once != response(parts) { return "cut in two it reads differently" }
        guard let once else { return nil }
        guard let again = response([once.encoded], wider) else { return "what was written can't be read" }
        return again.fields == once.fields && again.status == once.status
            ? nil : "what was written reads differently"
    }

    /// A PROXY protocol header is the same however it is cut, and takes no more than it may.
    static func checkProxyHeader(_ bytes: [UInt8]) -> String? {
        let (whole, parts) = halves(bytes)
        let once = proxyHeader([whole])
        if once != proxyHeader(parts) { return "cut in two it reads differently" }
        if let once, once.contains("used"), whole.count < 8 { return "a header out of nothing" }
        return nil
    }

    private static func proxyHeader(_ parts: [[UInt8]]) -> String? {
        var parser = ProxyHeaderParser()
        var before = 0
        for part in parts {
            do throws(ProxyHeaderError) {
                if let (header, used) = try parser.feed(part.span) {
                    return used <= part.count ? "\(header) used \(before + used)" : "beyond the end"
                }
            } catch {
                return error.reason
            }
            before += part.count
        }
        return nil
    }

    private static let limits = HeadLimits(bytes: 4096, fields: 20)
    /// What is written may be longer: a blank behind each colon, and the Host that an absolute form names (RFC 9112, 3.2.2).
    private static let wider = HeadLimits(bytes: 8192, fields: 21)

    private static func request(_ parts: [[UInt8]], _ limits: HeadLimits = limits) -> RequestHead? {
        var parser = RequestHeadParser(limits: limits)
        return head(parts) { (part) throws(HeadError) in try parser.feed(part.span) }
    }

    private static func response(_ parts: [[UInt8]], _ limits: HeadLimits = limits) -> ResponseHead? {
        var parser = ResponseHeadParser(limits: limits)
        return head(parts) { (part) throws(HeadError) in try parser.feed(part.span) }
    }

    private static func head<Head>(
        _ parts: [[UInt8]], feed: ([UInt8]) throws(HeadError) -> (Head, Int)?
    ) -> Head? {
        for part in parts {
            do throws(HeadError) {
                if let (head, used) = try feed(part) { return used <= part.count ? head : nil }
            } catch {
                return nil
            }
        }
        return nil
    }

    /// Content and trailers are the same however the bytes are cut, and when they are written and read again.
    static func checkChunks(_ bytes: [UInt8]) -> String? {
        let (whole, parts) = halves(bytes)
        let once = chunks([whole])
        if once != chunks(parts) { return "cut in two it reads differently" }
        guard let once, let trailers = once.trailers else { return nil }
        var written: [UInt8] = []
        if !once.content.isEmpty {
            written += ChunkedBody.sizeLine(once.content.count) + once.content + [13, 10]
        }
        return chunks([written + ChunkedBody.end(trailers: trailers)]) == once
            ? nil : "written it reads differently"
    }

    private struct Body: Equatable {
        var content: [UInt8] = []
        var trailers: HeaderFields?
    }

    private static func chunks(_ parts: [[UInt8]]) -> Body? {
        var reader = ChunkedBody(trailerLimits: limits)
        var body = Body()
        for part in parts where body.trailers == nil {
            var position = 0
            do throws(BodyError) {
                while let piece = try reader.next(part.span, from: &position) {
                    switch piece {
                    case .data(let range): body.content += part[range]
                    case .end(let trailers): body.trailers = trailers
                    }
                }
            } catch {
                return nil
            }
        }
        return body
    }
}
