internal import Telemetry

extension Metric {
    static let multiplexConnections = gauge(
        "trunkline_multiplex_connections", "HTTP/2 connections to backends that are open.",
        labels: ["backend"])
    static let multiplexStreams = gauge(
        "trunkline_multiplex_streams", "Sessions and requests on HTTP/2 connections to backends.",
        labels: ["backend"])
    static let multiplexEvents = counter(
        "trunkline_multiplex_connection_events_total",
        "HTTP/2 connections to backends that were opened, lost, stalled, or told to take no more streams.",
        labels: ["backend", "event"])

    static let ofMultiplex = [multiplexConnections, multiplexStreams, multiplexEvents]
}
