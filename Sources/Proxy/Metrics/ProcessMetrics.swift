internal import Telemetry

extension Metric {
    static let buildInfo = gauge(
        "trunkline_build_info", "Always 1; the versions stand in the labels.",
        labels: ["version", "openssl", "zlib"])
    static let workers = gauge("trunkline_workers", "Event loops that carry sessions.")
    static let generation = gauge(
        "trunkline_configuration_generation",
        "1 for the configuration of the start, one more with each reload.")
    static let reloads = counter(
        "trunkline_configuration_reloads_total", "Attempts to reload the configuration.", labels: ["outcome"])
    static let refreshes = counter(
        "trunkline_file_refreshes_total", "Times that files which the configuration names had changed.",
        labels: ["outcome"])
    static let acmeRenewals = counter(
        "trunkline_acme_requests_total",
        "Certificates that were asked for, by what came of it: issued, or what went wrong.",
        labels: ["outcome"])
    static let acmeDue = gauge(
        "trunkline_acme_due_seconds", "When a certificate is asked for next, in seconds since 1970.",
        labels: ["name"])
    static let acmeReady = gauge(
        "trunkline_acme_ready", "1 where a certificate that was issued is served, 0 where there is none yet.",
        labels: ["name"])
    static let acmeFailures = gauge(
        "trunkline_acme_failures", "Failures in a row, with the last error in a word.",
        labels: ["name", "error"])
    static let staples = counter(
        "trunkline_ocsp_requests_total", "Questions to OCSP responders, by what came of them.",
        labels: ["outcome"])
    static let draining = gauge("trunkline_draining", "1 while the process drains, else 0.")
    static let loopLag = histogram(
        "trunkline_loop_lag_seconds",
        "How long a message to a worker waited for its event loop, sampled twice a second.", .lag,
        labels: ["worker"])
    static let loopLagNow = gauge(
        "trunkline_loop_lag_last_seconds", "The last sample of it.", labels: ["worker"])
    static let logLinesLost = counter(
        "trunkline_log_lines_lost_total",
        "Log lines that were not written: the queue was full, or the disk.", labels: ["log"])
    static let leftOutRows = gauge(
        "trunkline_metric_rows_left_out",
        "Rows of a metric that are summed up in one whose labels say other: admin.metric_rows.",
        labels: ["metric"])
    static let certificateExpiry = gauge(
        "trunkline_certificate_expiry_seconds",
        "When a listener's certificate expires, in seconds since 1970.", labels: ["listener", "name"])
    static let processorTime = counter(
        "process_cpu_seconds_total", "Processor time of the process, user and system.")
    static let residentMemory = gauge("process_resident_memory_bytes", "Resident memory of the process.")
    static let openDescriptors = gauge("process_open_fds", "Open file descriptors.")
    static let mostDescriptors = gauge("process_max_fds", "The most file descriptors that may be open.")
    static let startTime = gauge(
        "process_start_time_seconds", "When the process started, in seconds since 1970.")

    static let heldMemory = gauge(
        "trunkline_memory_held_bytes",
        "Bytes held for all peers together: what they have not taken or finished.")
    static let memoryLimit = gauge(
        "trunkline_memory_limit_bytes", "What may be held for all peers together; 0 = no limit.")
    static let memoryCuts = counter(
        "trunkline_memory_cuts_total", "Connections that were cut because the process held too much.",
        labels: ["peer"])

    static let sockets = gauge(
        "trunkline_sockets", "Sockets of peers that are open.", labels: ["side"])
    static let socketLimit = gauge(
        "trunkline_sockets_limit",
        "How many may be open: of clients, and of clients and backends together.", labels: ["side"])

    static let ofProcess = [
        sockets, socketLimit,
        buildInfo, workers, generation, reloads, draining, loopLag, loopLagNow, logLinesLost, leftOutRows,
        certificateExpiry, refreshes, acmeRenewals, acmeDue, acmeReady, acmeFailures, staples,
        processorTime,
        residentMemory, heldMemory, memoryLimit, memoryCuts, openDescriptors, mostDescriptors, startTime,
    ]

    /// All that the page of metrics shows.
    static let catalogue =
        ofSessions + ofAccess + ofContinuity + ofResume + ofBroadcast + ofConnections + ofMultiplex + ofHTTP2
        + ofProcess
}
