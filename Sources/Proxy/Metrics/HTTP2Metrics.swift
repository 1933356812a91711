internal import Telemetry

extension Metric {
    static let http2Connections = counter(
        "trunkline_http2_connections_total", "Connections of clients on which HTTP/2 was agreed or begun.")
    static let http2Streams = counter(
        "trunkline_http2_streams_total", "Streams that clients have opened.")
    static let http2RefusedStreams = counter(
        "trunkline_http2_refused_streams_total",
        "Streams that were refused because the client had as many open as it may.")
    static let http2Cuts = counter(
        "trunkline_http2_cuts_total",
        "HTTP/2 connections, or streams of them, that were ended for what the client did.",
        labels: ["reason"])

    static let ofHTTP2 = [http2Connections, http2Streams, http2RefusedStreams, http2Cuts]
}
