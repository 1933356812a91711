/// Reads the sections of policy: log, compression, limits, timeouts, keepalive.
enum PolicyDecoder {
    static func log(_ section: Section) -> LogConfiguration {
        var log = LogConfiguration()
        if let access = section.text("access") {
            switch access.value {
            case "":
                section.complaints.add(
                    access.place, "'access' in 'log' is empty, expected stdout, stderr, off or a file")
            case "stdout": log.access = .stdout
            case "stderr": log.access = .stderr
            case let text where Quantity.flag(text) == false: log.access = .off
            default: log.access = .file(access)
            }
        }
        section.value("format", into: &log.isJSON, expected: "json or text") {
            $0 == "json" ? true : $0 == "text" ? false : nil
        }
        let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
        section.value("level", into: &log.level, expected: "one of \(levels.joined(separator: ", "))") {
            levels.contains($0) ? $0 : nil
        }
        section.finish()
        return log
    }

    static func compression(_ section: Section, over base: CompressionConfiguration)
        -> CompressionConfiguration
    {
        var value = base
        section.value("mode", into: &value.mode, expected: "edge, both, passthrough or off") { text in
            Quantity.flag(text) == false ? .off : CompressionConfiguration.Mode(rawValue: text)
        }
        section.integer("level", into: &value.level, 1...9)
        section.integer("window_bits", into: &value.windowBits, 9...15)
        section.integer("memory_level", into: &value.memoryLevel, 1...9)
        section.flag("context_takeover", into: &value.contextTakeover)
        section.size("minimum_size", into: &value.minimumSize)
        section.size("memory_budget", into: &value.memoryBudget)
        section.finish()
        return value
    }

    /// - Parameter isOfProcess: they stand at the top, not in a route.
    static func limits(
        _ section: Section, over base: LimitsConfiguration, isOfProcess: Bool = false
    ) -> LimitsConfiguration {
        var value = base
        if isOfProcess {
            let expected = "auto, or a size such as 512MiB; 0 = no limit"
            section.value("memory", into: &value.memory, expected: expected) { text in
                text == "auto" ? .some(nil) : Quantity.size(text).map { .some($0) }
            }
            section.integer("client_connections", into: &value.clientConnections, 0...Int.max)
            section.integer(
                "client_connections_per_client", into: &value.clientConnectionsPerClient, 0...Int.max)
        }
        section.integer("connections", into: &value.connections, 0...Int.max)
        section.size("request_head", into: &value.requestHead, least: 1)
        section.integer("fields", into: &value.fields, 1...100_000)
        section.size("frame", into: &value.frame)
        section.size("message", into: &value.message)
        if let place = section.keyPlace("frame"), value.message > 0, value.frame > value.message {
            section.complaints.warn(
                place, "'frame' is larger than 'message', which bounds it: it never takes effect")
        }
        section.size("backend_frame", into: &value.backendFrame)
        section.size("backend_message", into: &value.backendMessage)
        section.integer("inflate_ratio", into: &value.inflateRatio, 0...100_000)
        section.size("buffer", into: &value.buffer)
        section.size("request_body", into: &value.requestBody)
        section.integer("fragments", into: &value.fragments, 1...1_000_000_000)
        section.integer("messages_per_second", into: &value.messagesPerSecond, 0...1_000_000_000)
        section.value("rate_action", into: &value.closesOverRate, expected: "throttle or close") {
            $0 == "close" ? true : $0 == "throttle" ? false : nil
        }
        section.integer("control_frames_per_second", into: &value.controlFramesPerSecond, 0...1_000_000_000)
        section.integer("connections_per_client", into: &value.connectionsPerClient, 0...Int.max)
        section.finish()
        return value
    }

    static func timeouts(_ section: Section) -> TimeoutsConfiguration {
        var value = TimeoutsConfiguration()
        section.duration("handshake", into: &value.handshake)
        section.duration("request_head", into: &value.requestHead)
        section.duration("idle", into: &value.idle)
        section.duration("close", into: &value.close)
        section.duration("slow_consumer", into: &value.slowConsumer)
        section.duration("drain", into: &value.drain)
        if value.drain == 0, let place = section.keyPlace("drain") {
            section.complaints.warn(
                place, "'drain' is 0: when the process ends every session is cut at once, without a Close")
        }
        section.duration("request_body", into: &value.requestBody)
        section.duration("response_body", into: &value.responseBody)
        value.boundsEventStreams = section.hasKey("response_body")
        section.duration("keep_alive", into: &value.keepAlive)
        section.finish()
        return value
    }

    static func drain(_ section: Section, into configuration: inout ProxyConfiguration) {
        let expected = "1012, or another code for an end that is no fault: 1000, 1001, 1013, 3000 to 4999"
        section.value("close_code", into: &configuration.drainCloseCode, expected: expected) { text in
            Quantity.number(text).flatMap { code in
                switch code {
                case 1000, 1001, 1012, 1013, 3000...4999: UInt16(code)
                default: nil
                }
            }
        }
        section.finish()
    }

    static func keepalive(_ section: Section) -> KeepaliveConfiguration {
        var value = KeepaliveConfiguration()
        section.duration("ping_interval", into: &value.pingInterval)
        section.duration("pong_timeout", into: &value.pongTimeout)
        section.finish()
        return value
    }
}
