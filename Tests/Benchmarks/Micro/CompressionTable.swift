import BasicContainers
import PerMessageDeflate

/// What each choice of level, window and context costs, and what it saves.
enum CompressionTable {
    private struct Choice {
        let level: Int
        let windowBits: Int
        let memoryLevel: Int
        let takeover: Bool
    }

    private static let choices =
        [1, 2, 4, 6, 9].map { Choice(level: $0, windowBits: 12, memoryLevel: 5, takeover: true) }
        + [(9, 2), (10, 3), (11, 4), (13, 6), (14, 7), (15, 8)].map {
            Choice(level: 4, windowBits: $0.0, memoryLevel: $0.1, takeover: true)
        }
        + [1, 4, 6].map { Choice(level: $0, windowBits: 12, memoryLevel: 5, takeover: false) }

    static func run() {
        print("| level | window / memory level | context takeover | memory | ", terminator: "")
        print("chat: B on the wire | µs | ticker: B on the wire | µs | inflate µs |")
        print("|---|---|---|---|---|---|---|---|---|")
        let corpora = [Corpora.chat(4000), Corpora.ticker(2000)]
        let plain = corpora.map { messages in
            messages.reduce(0.0) { $0 + Double($1.count + header($1.count)) } / Double(messages.count)
        }
        print("| none | | | 0 KiB | \(fixed(plain[0], 0)) | | \(fixed(plain[1], 0)) | | |")
        for choice in choices {
            let memory = fixed(Double(memory(choice)) / 1024, 0)
            let results = corpora.map { measure($0, choice) }
            print(
                "| \(choice.level) | \(choice.windowBits) / \(choice.memoryLevel) | \(choice.takeover ? "yes" : "no") | \(memory) KiB | "
                    + "\(fixed(results[0].bytes, 0)) | \(fixed(results[0].deflate, 1)) | "
                    + "\(fixed(results[1].bytes, 0)) | \(fixed(results[1].deflate, 1)) | \(fixed(results[1].inflate, 1)) |"
            )
        }
    }

    private static func header(_ count: Int) -> Int { count < 126 ? 2 : 4 }

    private static func options(_ choice: Choice) -> DeflateOptions {
        DeflateOptions(
            level: choice.level, windowBits: choice.windowBits, memoryLevel: choice.memoryLevel,
            contextTakeover: choice.takeover)
    }

    /// Averages for each message: bytes on the wire, microseconds.
    private static func measure(
        _ messages: [[UInt8]], _ choice: Choice
    ) -> (bytes: Double, deflate: Double, inflate: Double) {
        let direction = DeflateDirection(windowBits: choice.windowBits, startsAfresh: !choice.takeover)
        let arena = ContextArena()
        var bytes = 0
        var (bestDeflate, bestInflate) = (UInt64.max, UInt64.max)
        for _ in 0..<5 {
            var deflater = Deflater(direction, options(choice), in: arena)
            var inflater = Inflater(direction, limits: InflateLimits(), in: arena)
            var packed = UniqueArray<UInt8>()
            var ends: [Int] = []
            let start = cpuNanoseconds()
            for message in messages {
                _ = deflater.compress(message.span, endOfMessage: true, appendingTo: &packed)
                ends.append(packed.count)
            }
            bestDeflate = min(bestDeflate, cpuNanoseconds() - start)
            bytes = zip([0] + ends, ends).reduce(0) { $0 + $1.1 - $1.0 + header($1.1 - $1.0) }
            var plain = UniqueArray<UInt8>()
            let middle = cpuNanoseconds()
            var from = 0
            for end in ends {
                plain.removeAll(keepingCapacity: true)
                var position = 0
                _ = try? inflater.inflate(
                    packed.span.extracting(from..<end), from: &position, endOfMessage: true, room: 1 << 20,
                    appendingTo: &plain)
                from = end
            }
            bestInflate = min(bestInflate, cpuNanoseconds() - middle)
        }
        let count = Double(messages.count)
        return (Double(bytes) / count, Double(bestDeflate) / count / 1000, Double(bestInflate) / count / 1000)
    }

    private final class Pair {
        var deflater: Deflater
        var inflater: Inflater
        init(_ direction: DeflateDirection, _ options: DeflateOptions, in arena: ContextArena) {
            deflater = Deflater(direction, options, in: arena)
            inflater = Inflater(direction, limits: InflateLimits(), in: arena)
        }
    }

    /// Bytes of memory that a session's two contexts hold once both have been used.
    private static func memory(_ choice: Choice) -> Int {
        let direction = DeflateDirection(windowBits: choice.windowBits, startsAfresh: !choice.takeover)
        let messages = Corpora.ticker(20)
        var packed = UniqueArray<UInt8>(minimumCapacity: 1 << 16)
        var plain = UniqueArray<UInt8>(minimumCapacity: 1 << 16)
        let arena = ContextArena()
        var pairs: [Pair] = []
        pairs.reserveCapacity(440)
        var before = 0
        for number in 0..<440 {
            // The first ones use what earlier choices have left free.
            if number == 40 { before = residentBytes() }
            let pair = Pair(direction, options(choice), in: arena)
            for message in messages {
                packed.removeAll(keepingCapacity: true)
                plain.removeAll(keepingCapacity: true)
                _ = pair.deflater.compress(message.span, endOfMessage: true, appendingTo: &packed)
                var position = 0
                _ = try? pair.inflater.inflate(
                    packed.span, from: &position, endOfMessage: true, room: 1 << 15, appendingTo: &plain)
            }
            pairs.append(pair)
        }
        let held = residentBytes() - before
        use(pairs)
        return held / 400
    }
}
