internal import EventLoop
internal import TLS
internal import Telemetry

/// A worker's TLS scratch and what looks after it.
enum WireSetup {
    /// Set to `openssl`, it leaves the records of TLS 1.3 to OpenSSL, for comparison.
    private static let recordsVariable = "TRUNKLINE_TLS_RECORDS"

    /// Where curl and browsers look too: each secret of a client's connection is appended to the file, with which a
    /// capture can be read.
    private static let keyLog: (path: String, writer: LogWriter?, failure: String)? = {
        guard let path = Machine.environment["SSLKEYLOGFILE"], !path.isEmpty else { return nil }
        var failure = ""
        return (path, LogWriter(path: path, failure: &failure), failure)
    }()

    /// Whether secrets are wanted: contexts that tell them pay for it.
    static var logsKeys: Bool { Machine.environment["SSLKEYLOGFILE"]?.isEmpty == false }

    /// On the thread that will run the loop.
    static func make(on loop: EventLoop, log: EventLog, isFirst: Bool) throws(TLSError) -> TLSWire {
        let wire = try TLSWire(ownsRecords: Machine.environment[recordsVariable] != "openssl")
        if let keyLog {
            if isFirst { log.tell(.keysAreLogged(to: keyLog.path, failure: keyLog.failure)) }
            if let writer = keyLog.writer {
                wire.onSecret = { line in
                    var text = ""
                    text.reserveCapacity(line.count)
                    for index in 0..<line.count { text.unicodeScalars.append(Unicode.Scalar(line[index])) }
                    writer.write(text)
                }
            }
        }
        WireTrim(wire, loop).begin()
        return wire
    }
}

/// Has the cipher contexts of connections that are silent freed, every few seconds.
private final class WireTrim: TimerTarget {
    private static let interval = Duration.seconds(5)

    private let wire: TLSWire
    private unowned let loop: EventLoop

    init(_ wire: TLSWire, _ loop: EventLoop) {
        self.wire = wire
        self.loop = loop
    }

    func begin() { _ = loop.schedule(self, kind: 0, after: Self.interval) }

    func timerFired(_ kind: UInt8) {
        wire.trim()
        begin()
    }
}
