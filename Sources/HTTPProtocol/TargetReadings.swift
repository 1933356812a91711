internal import ASCII

/// What of a canonical path backends are known to read in more than one way.
struct Doubts: OptionSet, Hashable {
    let rawValue: UInt8

    /// `//`: some merge them.
    static let doubledSlash = Doubts(rawValue: 1)
    /// `\`: URL parsers take it for a slash.
    static let backslash = Doubts(rawValue: 2)
    /// `%2F` or `%5C`: some decode before they take the path apart.
    static let encodedSlash = Doubts(rawValue: 4)
    /// A segment that is dots and parameters, such as `..;x`: servlet containers drop the parameters.
    static let dottedParameters = Doubts(rawValue: 8)
    /// Another visible character in percent-encoding: the same to who decodes. No doubt about segments.
    static let encodedCharacter = Doubts(rawValue: 16)
    /// `;`, or `%3B`: servlet containers drop it and what follows in its segment.
    static let parameters = Doubts(rawValue: 32)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ path: [UInt8]) {
        var found: Doubts = []
        var start = 0
        for index in path.indices {
            let byte = path[index]
            switch byte {
            case .slash:
                if index > 0, path[index - 1] == .slash { found.insert(.doubledSlash) }
                start = index + 1
            case .backslash:
                found.insert(.backslash)
                start = index + 1
            // `/.;` and `/..;`.
            case .semicolon:
                found.insert(.parameters)
                if Reading.areDots(path, start, index) { found.insert(.dottedParameters) }
            case .percent:
                switch encodedByte(path, at: index) {
                case .slash, .backslash: found.insert(.encodedSlash)
                case .semicolon: found.formUnion([.parameters, .encodedCharacter])
                case let other? where Reading.isDecoded(other): found.insert(.encodedCharacter)
                default: break
                }
            default: break
            }
        }
        self = found
    }
}

extension RequestTarget {
    /// Whether backends may take the path apart differently.
    package var isAmbiguous: Bool {
        !doubts.isDisjoint(with: [
            .doubledSlash, .backslash, .encodedSlash, .dottedParameters, .parameters,
        ])
    }

    /// Whether there is more than one reading to judge.
    package var hasReadings: Bool { !doubts.isEmpty }

    /// Whether a condition holds for the path in every reading that a backend may have of it; false where one of them
    /// climbs above the root or hides dots behind parameters. At most 84 readings, each in linear time; those that come
    /// to the path itself are left out.
    ///
    /// Parameters (`;v=1`) may belong to their segments or not. Encoded slashes may be decoded before the path is taken
    /// apart, or after; backslashes may be slashes; slashes may be merged before dot segments are removed, or after; and
    /// what follows a leading `//` may be an authority (WHATWG URL, 4.4), as it is to `new URL(path, base)`.
    package func everyReading<Failure>(
        _ holds: (String) throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        guard hasReadings else { return true }
        let canonical = Array(path.utf8)
        for way in Reading.ways where way.applies(to: doubts) {
            guard let readings = way.read(canonical) else { return false }
            for read in readings where read != canonical {
                if try !holds(String(decoding: read, as: UTF8.self)) { return false }
            }
        }
        return true
    }
}

/// What backends take for a slash, and when, and whether they drop parameters; with each, slashes are merged or not, and
/// there is an authority or not.
struct Reading {
    enum Decoding { case never, first, last }
    /// Which backslashes are slashes.
    enum Backslashes { case none, raw, all }

    let decoding: Decoding
    let backslashes: Backslashes
    /// Of each segment, before or after decoding.
    var dropsParameters = false

    /// All of them; their number does not depend on a path.
    static let ways = keepingParameters + keepingParameters.map { $0.droppingParameters }

    private static let keepingParameters = [
        Reading(decoding: .never, backslashes: .none), Reading(decoding: .never, backslashes: .raw),
        Reading(decoding: .first, backslashes: .none), Reading(decoding: .first, backslashes: .raw),
        Reading(decoding: .first, backslashes: .all), Reading(decoding: .last, backslashes: .raw),
    ]

    /// False where it comes to the same as a simpler one.
    func applies(to doubts: Doubts) -> Bool {
        if dropsParameters, !doubts.contains(.parameters) { return false }
        let isEncoded = !doubts.isDisjoint(with: [.encodedSlash, .encodedCharacter])
        if decoding != .never, !isEncoded { return false }
        if decoding == .last, !doubts.contains(.backslash) { return false }
        if backslashes == .raw, !doubts.contains(.backslash) { return false }
        return backslashes != .all || doubts.contains(.encodedSlash)
    }

    /// The paths that this way has it for, at most eight; nil where one of them climbs above the root.
    func read(_ canonical: [UInt8]) -> [[UInt8]]? {
        let whole = mapped(
            dropsParameters ? withoutParameters(canonical) : canonical, decodes: decoding == .first)
        var readings: [[UInt8]] = []
        for path in [whole, withoutAuthority(whole)].compactMap(\.self) {
            guard let plain = resolved(path, merges: false) else { return nil }
            readings.append(plain)
            // Who decodes by himself may not look for dot segments again.
            if decoding == .first, plain != path { readings.append(path) }
            // Where nothing is doubled, merging changes nothing, now or after dot segments are gone.
            guard decoding == .last || hasDoubledSlash(path) else { continue }
            readings.append(merged(plain))
            guard let early = resolved(path, merges: true) else { return nil }
            readings.append(early)
        }
        return readings
    }

    /// Without dot segments, those included that decoding brings to light.
    private func resolved(_ path: [UInt8], merges: Bool) -> [UInt8]? {
        guard let once = segments(of: merges ? merged(path) : path) else { return nil }
        guard decoding == .last else { return once }
        let decoded = mapped(once, decodes: true)
        return segments(of: merges ? merged(decoded) : decoded)
    }

    /// Which encoded characters are decoded: the visible ones that stay in a path. `%25` never: what it would make is
    /// nothing that came.
    static func isDecoded(_ byte: UInt8) -> Bool { isVisible(byte) && byte != .percent && byte != .question }

    private func mapped(_ path: [UInt8], decodes: Bool) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            let byte = path[index]
            if byte == .percent, decodes, let decoded = encodedByte(path, at: index), Self.isDecoded(decoded)
            {
                output.append(decoded == .backslash && backslashes == .all ? .slash : decoded)
                index += 3
            } else {
                output.append(byte == .backslash && backslashes != .none ? .slash : byte)
                index += 1
            }
        }
        return dropsParameters ? withoutParameters(output) : output
    }

    private var droppingParameters: Reading {
        Reading(decoding: decoding, backslashes: backslashes, dropsParameters: true)
    }

    private func withoutParameters(_ path: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(path.count)
        var isInParameters = false
        for byte in path {
            isInParameters = byte == .semicolon || (isInParameters && byte != .slash && byte != .backslash)
            if !isInParameters { output.append(byte) }
        }
        return output
    }

    /// Behind two slashes or more stands a host, up to the next; nil where there is none.
    private func withoutAuthority(_ path: [UInt8]) -> [UInt8]? {
        guard path.count > 1, path[1] == .slash else { return nil }
        guard let host = path.firstIndex(where: { $0 != .slash }),
            let rest = path[host...].firstIndex(of: .slash)
        else { return [.slash] }
        return Array(path[rest...])
    }

    private func hasDoubledSlash(_ path: [UInt8]) -> Bool {
        for index in path.indices.dropFirst() where path[index] == .slash && path[index - 1] == .slash {
            return true
        }
        return false
    }

    /// Without dot segments; nil where they climb above the root.
    private func segments(of source: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(source.count)
        var index = 1
        output.append(.slash)
        while index <= source.count {
            let start = index
            while index < source.count, source[index] != .slash { index += 1 }
            let isLast = index == source.count
            switch dots(source, start, index) {
            case .one: break
            case .two:
                guard output.count > 1 else { return nil }
                output.removeLast()
                while let last = output.last, last != .slash { output.removeLast() }
            case .hidden: return nil
            case .none:
                output += source[start..<index]
                if !isLast { output.append(.slash) }
            }
            index += 1
        }
        return output
    }

    static func areDots(_ path: [UInt8], _ start: Int, _ end: Int) -> Bool {
        (1...2).contains(end - start) && path[start] == .dot && path[end - 1] == .dot
    }

    private enum Dots { case none, one, two, hidden }

    private func dots(_ path: [UInt8], _ start: Int, _ end: Int) -> Dots {
        guard start < end, path[start] == .dot else { return .none }
        if start + 1 == end { return .one }
        if path[start + 1] == .semicolon { return .hidden }
        guard path[start + 1] == .dot else { return .none }
        if start + 2 == end { return .two }
        return path[start + 2] == .semicolon ? .hidden : .none
    }

    private func merged(_ path: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(path.count)
        for byte in path where byte != .slash || output.last != .slash { output.append(byte) }
        return output
    }
}

/// The byte that a percent-encoding in a canonical path stands for.
private func encodedByte(_ path: [UInt8], at index: Int) -> UInt8? {
    index + 2 < path.count ? PercentCoding.byte(path[index + 1], path[index + 2]) : nil
}
