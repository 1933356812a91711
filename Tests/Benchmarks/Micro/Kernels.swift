import BasicContainers
import CZlib
import PerMessageDeflate
import WebSocketProtocol

/// Masking, UTF-8, frame headers and deflate, each beside a plain twin.
enum Kernels {
    static func run() {
        print(column("", 34, left: true), column("ours", 10), column("plain", 10), column("ratio", 7))
        for size in [128, 4096, 1 << 20] { masking(size) }
        let texts = [
            ("ASCII", "The quick brown fox jumps over the lazy dog. "),
            ("2 and 3 bytes mixed with ASCII", "Grüße, κόσμε: 株価は上がる, привет, plain "),
            ("3 bytes only", "株価上昇日本語文字列"), ("emoji only", "🙂🚀🎉👍"),
        ]
        for (name, text) in texts { for size in [128, 65536] { utf8(name, text, size) } }
        for payload in [16, 128, 1024] { headers(payload) }
        for level in [1, 4, 6] { deflate(level) }
    }

    private static func line(_ name: String, _ ours: Double, _ plain: Double, _ unit: String) {
        print(
            column(name, 34, left: true), column(fixed(ours, 2), 10), column(fixed(plain, 2), 10),
            column(fixed(ours / plain, 2), 7), unit)
    }

    private static func masking(_ size: Int) {
        var bytes = [UInt8](repeating: 7, count: size)
        let ours = nanoseconds {
            var span = bytes.mutableSpan
            applyMask(&span, key: 0x1234_5678, offset: 1)
        }
        let key: [UInt8] = [0x78, 0x56, 0x34, 0x12]
        let plain = nanoseconds { plainMask(&bytes, key) }
        use(bytes)
        line("mask, \(size) B", Double(size) / ours, Double(size) / plain, "GB/s")
    }

    @inline(never) private static func plainMask(_ bytes: inout [UInt8], _ key: [UInt8]) {
        for index in bytes.indices { bytes[index] ^= key[(index + 1) & 3] }
    }

    private static func utf8(_ name: String, _ text: String, _ size: Int) {
        var bytes: [UInt8] = []
        while bytes.count < size { bytes += Array(text.utf8) }
        let key: UInt32 = 0x1234_5678
        var masked = bytes
        var span = masked.mutableSpan
        applyMask(&span, key: key, offset: 0)
        var failures = 0
        let ours = nanoseconds {
            var validator = UTF8Validator()
            if !validator.accept(masked.span, key: key, offset: 0) { failures += 1 }
        }
        // What it replaces: mask off, check byte by byte, mask on.
        let keys: [UInt8] = [0x78, 0x56, 0x34, 0x12]
        let plain = nanoseconds {
            for index in masked.indices { masked[index] ^= keys[index & 3] }
            if !plainText(masked) { failures += 1 }
            for index in masked.indices { masked[index] ^= keys[index & 3] }
        }
        if failures > 0 { print("\(name): not accepted") }
        line(
            "UTF-8 through the mask, \(name), \(bytes.count) B", Double(bytes.count) / ours,
            Double(bytes.count) / plain, "GB/s")
    }

    @inline(never) private static func plainText(_ bytes: [UInt8]) -> Bool {
        var missing = 0
        var (low, high): (UInt8, UInt8) = (0x80, 0xBF)
        for byte in bytes {
            if missing > 0 {
                guard byte >= low, byte <= high else { return false }
                (low, high) = (0x80, 0xBF)
                missing -= 1
                continue
            }
            switch byte {
            case 0x00...0x7F: break
            case 0xC2...0xDF: missing = 1
            case 0xE0: (missing, low) = (2, 0xA0)
            case 0xED: (missing, high) = (2, 0x9F)
            case 0xE1...0xEF: missing = 2
            case 0xF0: (missing, low) = (3, 0x90)
            case 0xF1...0xF3: missing = 3
            case 0xF4: (missing, high) = (3, 0x8F)
            default: return false
            }
        }
        return missing == 0
    }

    /// A read of frames as a client sends them: nanoseconds for each, header and message rules.
    private static func headers(_ payload: Int) {
        var wire = UniqueArray<UInt8>()
        let count = 64
        let message = [UInt8](repeating: 65, count: payload)
        for _ in 0..<count {
            FrameWriter.append(
                .binary, fin: true, payload: message.span, maskingKey: 0x0102_0304, to: &wire)
        }
        let bytes = (0..<wire.count).map { wire[$0] }
        var reader = FrameReader(fromClient: true, limits: FrameLimits(), allowsCompression: false)
        var seen = 0
        let ours = nanoseconds {
            var position = 0
            while let slice = try? reader.next(bytes.span, from: &position) { seen += slice.payload.count }
        }
        use(seen)
        print(
            column("frame header, \(payload) B payload", 34, left: true),
            column(fixed(ours / Double(count), 2), 10), column("", 10), column("", 7), "ns each")
    }

    private static func deflate(_ level: Int) {
        let messages = Corpora.ticker(200)
        let bytes = messages.reduce(0) { $0 + $1.count }
        let options = DeflateOptions(level: level)
        var deflater = Deflater(
            DeflateDirection(windowBits: 12, startsAfresh: false), options, in: ContextArena())
        var output = UniqueArray<UInt8>()
        let ours = nanoseconds {
            for message in messages {
                output.removeAll(keepingCapacity: true)
                _ = deflater.compress(message.span, endOfMessage: true, appendingTo: &output)
            }
        }
        let plain = direct(messages, level)
        line(
            "deflate at level \(level), 1 KiB JSON", Double(bytes) / ours * 1000,
            Double(bytes) / plain * 1000,
            "MB/s")
    }

    /// zlib itself, into one buffer.
    private static func direct(_ messages: [[UInt8]], _ level: Int) -> Double {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe trunkline_deflate_init(stream, Int32(level), -12, 5) == Z_OK else { return 0 }
        var output = [UInt8](repeating: 0, count: 1 << 16)
        let spent = nanoseconds {
            for message in messages {
                unsafe message.withUnsafeBufferPointer { input in
                    unsafe output.withUnsafeMutableBufferPointer { room in
                        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                        unsafe stream.pointee.avail_in = UInt32(input.count)
                        unsafe stream.pointee.next_out = room.baseAddress
                        unsafe stream.pointee.avail_out = UInt32(room.count)
                        _ = unsafe CZlib.deflate(stream, Z_SYNC_FLUSH)
                    }
                }
            }
        }
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
        return spent
    }
}
