/// One line of the picture, and how it is shown.
struct TopLine: Equatable {
    enum Style: Equatable { case plain, title, heading, trouble }

    let text: String
    private(set) var style = Style.plain
}

/// The picture that `trunkline top` shows: what has happened between two scrapes.
struct TopView {
    let before: Scrape
    let now: Scrape
    /// Where it was read.
    let address: String

    private var seconds: Double {
        max(Double(now.time - min(before.time, now.time)) / 1_000_000_000, 0.001)
    }

    private func rate(_ name: String, _ labels: KeyValuePairs<String, String> = [:]) -> Double {
        // After a restart counters begin again.
        max(0, now.sum(name, labels) - before.sum(name, labels)) / seconds
    }

    /// Fits `rows` lines of `columns` columns: what there is no room for is left out from the end of the tables.
    func lines(columns: Int, rows: Int) -> [TopLine] {
        let summary = self.summary
        let out = now.samples(of: "trunkline_backend_out").count
        // Half of the room at most is for why backends are out.
        let all = max(0, rows - summary.count - 4)
        let room = all - min(out == 0 ? 0 : out + 1, all / 2)
        let routes = now.values(of: "route", in: "trunkline_sessions_total")
        let backends = now.values(of: "backend", in: "trunkline_backend_up")
        // Routes get half of the room, and what backends leave.
        let forRoutes = min(routes.count, max(room / 2, room - backends.count))
        let forBackends = min(backends.count, room - forRoutes)
        var lines = summary + [TopLine(text: ""), heading("ROUTE")]
        lines += table(routes, forRoutes) { route in row(route, of: "route", isUp: true) }
        lines += [TopLine(text: ""), heading("BACKEND")]
        lines += table(backends, forBackends) { backend in
            row(backend, of: "backend", isUp: now.sum("trunkline_backend_up", ["backend": backend]) > 0)
        }
        lines += whyOut()
        return lines.prefix(rows).map { TopLine(text: String($0.text.prefix(columns)), style: $0.style) }
    }

    private var summary: [TopLine] {
        let version = now.values(of: "version", in: "trunkline_build_info").first ?? "?"
        let state = now.sum("trunkline_draining") > 0 ? "draining" : "serving"
        let workers = now.values(of: "worker", in: "trunkline_loop_lag_last_seconds")
        let lags = workers.map { worker in
            "\(worker): \(Text.time(now.sum("trunkline_loop_lag_last_seconds", ["worker": worker])))"
        }
        let lines = [
            "sessions \(Text.count(now.sum("trunkline_sessions_open")))  "
                + "connections \(Text.count(now.sum("trunkline_client_connections")))  "
                + "handshakes \(Text.rate(rate("trunkline_handshakes_total", ["outcome": "accepted"])))/s  "
                + "closes \(Text.rate(rate("trunkline_session_closes_total")))/s  "
                + "refusals \(Text.rate(rate("trunkline_refusals_total")))/s",
            "messages  in \(messages("from_client"))/s  out \(Text.rate(rate("trunkline_messages_delivered_total")))/s    "
                + "bytes  in \(bytes("from_client"))/s  out \(bytes("to_client"))/s",
            "cpu \(Text.rate(rate("process_cpu_seconds_total") * 100)) %  "
                + "memory \(Text.size(now.sum("process_resident_memory_bytes")))  "
                + "buffered \(Text.size(now.sum("trunkline_buffered_bytes")))  "
                + "compression \(Text.size(now.sum("trunkline_compression_memory_bytes")))  "
                + "files \(Text.count(now.sum("process_open_fds")))",
            "loop lag  \(lags.joined(separator: "  "))",
        ]
        let title = TopLine(
            text: "trunkline \(version)   \(state)   \(address)   q ends", style: .title)
        return [title] + lines.map { TopLine(text: $0) }
    }

    private func messages(_ direction: String) -> String {
        Text.rate(rate("trunkline_messages_total", ["direction": direction]))
    }

    private func bytes(_ direction: String) -> String {
        Text.size(rate("trunkline_websocket_bytes_total", ["direction": direction]))
    }

    /// Why backends are out, at the end: a line each.
    private func whyOut() -> [TopLine] {
        let out = now.samples(of: "trunkline_backend_out").filter { $0.value > 0 }
        guard !out.isEmpty else { return [] }
        let lines = out.map { sample in
            let label = { (name: String) in sample.labels[name] ?? "" }
            return "\(label("backend")) \(label("state")): \(label("why"))"
        }
        return [TopLine(text: "")] + lines.sorted().map { TopLine(text: $0, style: .trouble) }
    }

    private func heading(_ name: String) -> TopLine {
        TopLine(
            text: Text.columns([name, "SESSIONS", "MSG/S IN", "MSG/S OUT", "B/S IN", "B/S OUT"]),
            style: .heading)
    }

    private func table(_ names: [String], _ room: Int, _ row: (String) -> TopLine) -> [TopLine] {
        guard names.count > room, room > 0 else { return names.prefix(room).map(row) }
        let shown = names.prefix(room - 1).map(row)
        return shown + [TopLine(text: "… and \(names.count - shown.count) more")]
    }

    private func row(_ value: String, of key: String, isUp: Bool) -> TopLine {
        func messages(_ direction: String) -> String {
            Text.rate(rate("trunkline_messages_total", [key: value, "direction": direction]))
        }
        func bytes(_ direction: String) -> String {
            Text.size(rate("trunkline_websocket_bytes_total", [key: value, "direction": direction]))
        }
        // A backend's bytes are those of its own leg.
        let isBackend = key == "backend"
        let text = Text.columns([
            isUp ? value : value + " (out)", Text.count(now.sum("trunkline_sessions_open", [key: value])),
            messages("from_client"),
            // A route's are those that its clients were given, which of a feed are many for one that came.
            isBackend
                ? messages("from_backend")
                : Text.rate(rate("trunkline_messages_delivered_total", [key: value])),
            bytes(isBackend ? "to_backend" : "from_client"), bytes(isBackend ? "from_backend" : "to_client"),
        ])
        return TopLine(text: text, style: isUp ? .plain : .trouble)
    }
}
