import BasicContainers
import Foundation
import PerMessageDeflate
import Testing

/// For what measures or limits the memory of the process: a sanitizer takes as much as it likes.
private let ofThisProcessAlone = ConditionTrait.disabled(
    if: ProcessInfo.processInfo.environment["TRUNKLINE_SANITIZER"] != nil,
    "a sanitizer takes memory of its own")

/// One side of a conversation and its reader at the other end.
private final class Stream {
    private var deflater: Deflater
    private var inflater: Inflater

    init(windowBits: Int = 12, memoryLevel: Int = 5, in arena: ContextArena) {
        let direction = DeflateDirection(windowBits: windowBits, startsAfresh: false)
        let options = DeflateOptions(windowBits: windowBits, memoryLevel: memoryLevel)
        deflater = Deflater(direction, options, in: arena)
        inflater = Inflater(direction, limits: InflateLimits(), in: arena)
    }

    var heldBytes: Int { deflater.heldBytes + inflater.heldBytes }

    func release() {
        deflater.releaseContext()
        inflater.releaseState()
    }

    func squeeze(_ message: [UInt8]) -> [UInt8]? {
        var packed = UniqueArray<UInt8>()
        guard deflater.compress(message.span, endOfMessage: true, appendingTo: &packed) else { return nil }
        return (0..<packed.count).map { packed[$0] }
    }

    func expand(_ packed: [UInt8]) throws(InflateError) -> [UInt8] {
        var plain = UniqueArray<UInt8>()
        var position = 0
        _ = try inflater.inflate(
            packed.span, from: &position, endOfMessage: true, room: 1 << 20, appendingTo: &plain)
        return (0..<plain.count).map { plain[$0] }
    }

    func carries(_ message: [UInt8]) throws -> Bool {
        try expand(#require(squeeze(message))) == message
    }
}

/// Text that shrinks, and that no other seed makes.
private func text(_ seed: Int, count: Int = 40) -> [UInt8] {
    (0..<count).flatMap { Array("{\"seed\":\(seed),\"at\":\($0 &* 7919 &* seed),\"text\":\"filled\"}".utf8) }
}

/// Bytes of this process that are in memory.
private func residentBytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return try #require(Int(fields[1])) * sysconf(Int32(_SC_PAGESIZE))
}

/// Bounds what this process may map, and says what the bound was.
private func addressSpace(limitedTo bytes: rlim_t) -> rlim_t {
    let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
    var limit = rlimit()
    unsafe getrlimit(resource, &limit)
    let before = limit.rlim_cur
    limit.rlim_cur = bytes
    unsafe setrlimit(resource, &limit)
    return before
}

@Suite("Memory of contexts")
struct ContextArenaTests {
    @Test("every window and memory level finds room, and what is held is what zlib says and little more")
    func everyKind() throws {
        let arena = ContextArena()
        let long = text(3, count: 1200)
        for windowBits in 9...15 {
            for memoryLevel in 1...9 {
                let stream = Stream(windowBits: windowBits, memoryLevel: memoryLevel, in: arena)
                for message in [long, text(1), long] {
                    let isCarried = try stream.carries(message)
                    #expect(isCarried)
                }
                // zconf.h, for both.
                let needed = 1 << (windowBits + 2) + 1 << (memoryLevel + 9) + 1 << windowBits
                #expect(stream.heldBytes > needed && stream.heldBytes < needed + 32 * 1024)
            }
        }
    }

    @Test("contexts that come and go in any order keep to themselves")
    func churn() throws {
        let arena = ContextArena()
        var random = SystemRandomNumberGenerator()
        var streams: [Int: Stream] = [:]
        for turn in 0..<6000 {
            let seed = Int.random(in: 1...300, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: streams[seed] = nil
            case 1: streams[seed]?.release()
            default:
                let stream = streams[seed] ?? Stream(windowBits: 9 + seed % 4, in: arena)
                streams[seed] = stream
                let isCarried = try stream.carries(text(seed &* turn, count: 5))
                #expect(isCarried)
            }
        }
    }

    @Test("a worker has an arena, and workers don't meet")
    func threads() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for worker in 1...8 {
                group.addTask {
                    let arena = ContextArena()
                    for round in 0..<5 {
                        let streams = (0..<100).map { _ in Stream(in: arena) }
                        for (index, stream) in streams.enumerated() {
                            guard try stream.carries(text(worker &* 1000 + index)) else { return false }
                            if index % (round + 1) == 0 { stream.release() }
                        }
                    }
                    return true
                }
            }
            for try await isCarried in group { #expect(isCarried) }
        }
    }

    @Test("what idle contexts took goes back to the system, whatever lies between them", ofThisProcessAlone)
    func givesBack() async {
        await #expect(processExitsWith: .success) {
            let arena = ContextArena()
            let packed = try #require(Stream(in: arena).squeeze(text(1)))
            _ = try Stream(in: arena).expand(packed)
            let before = try residentBytes()
            // As sessions do, they leave something that lives on.
            var between: [[Int]] = []
            let streams = try (0..<1000).map { _ in
                let stream = Stream(in: arena)
                #expect(stream.squeeze(text(1)) == packed)
                _ = try stream.expand(packed)
                between.append([Int](repeating: 1, count: 40))
                return stream
            }
            let held = try residentBytes() - before
            #expect(held > 1000 * 24 * 1024)
            for stream in streams { stream.release() }
            let idle = try residentBytes() - before
            // The windows are kept, and a bounded number of blocks.
            #expect(idle < 1000 * 5 * 1024)
            for stream in streams {
                let isCarried = try stream.carries(text(2))
                #expect(isCarried)
            }
            #expect(between.count == 1000)
        }
    }

    @Test(
        "without memory a message is not compressed or not accepted, and with it the next one is",
        ofThisProcessAlone)
    func noMemory() async {
        await #expect(processExitsWith: .success) {
            let arena = ContextArena()
            let message = text(1)
            let packed = try #require(Stream(in: arena).squeeze(message))
            let hungry = Stream(windowBits: 14, memoryLevel: 8, in: arena)
            // Less than there is already: no mapping succeeds.
            let before = addressSpace(limitedTo: 1 << 20)
            let refused = hungry.squeeze(message)
            var thrown: InflateError?
            do throws(InflateError) { _ = try hungry.expand(packed) } catch { thrown = error }
            _ = addressSpace(limitedTo: before)
            #expect(refused == nil)
            #expect(thrown == .outOfMemory)
            #expect(hungry.heldBytes == 0)
            let isCarried = try hungry.carries(message)
            #expect(isCarried)
        }
    }
}
