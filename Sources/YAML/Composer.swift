internal import ASCII
internal import CYAML

/// Makes nodes of a text: libyaml reads, this puts together.
///
/// Nothing here recurses: what is open stands on a stack of ours, which has a limit. An alias shares the memory of what it
/// names.
package struct Composer {
    /// Mappings and lists within each other.
    package static let mostLevels = 100

    /// A mapping or a list of which the end is still to come.
    private struct Open {
        let isMapping: Bool
        let mark: Node.Mark
        let anchor: String?
        var items: [Node] = []
        var pairs: [(key: Node, value: Node)] = []
        var key: Node?
        var known: Set<String> = []

        /// Takes what came next in it.
        mutating func take(_ node: Node) throws(YAMLError) {
            guard isMapping else { return items.append(node) }
            guard let key else {
                if let scalar = node.scalar, !known.insert(scalar.string).inserted {
                    throw .repeatedKey(scalar.string, scalar.mark)
                }
                return key = node
            }
            pairs.append((key, node))
            self.key = nil
        }

        var node: Node {
            isMapping ? .mapping(.init(pairs: pairs, mark: mark)) : .sequence(items, mark)
        }
    }

    private var stack: [Open] = []
    private var anchors: [String: Node] = [:]
    private var root: Node?

    /// The only document of a text; nil where there is none.
    package static func compose(_ text: String) throws(YAMLError) -> Node? {
        let bytes = Array(text.utf8)
        let run: (UnsafeBufferPointer<UInt8>) throws(YAMLError) -> Node? = { buffer throws(YAMLError) in
            var parser = unsafe yaml_parser_t()
            guard unsafe yaml_parser_initialize(&parser) == 1 else { throw .memory }
            defer { unsafe yaml_parser_delete(&parser) }
            unsafe yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            // The parser reads from memory that stays as long as it does.
            unsafe yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            var composer = Composer()
            while unsafe parser.stream_end_produced == 0 {
                try unsafe composer.step(&parser, buffer)
            }
            return composer.root
        }
        // An empty array has no address, and libyaml wants one.
        return bytes.isEmpty ? nil : try unsafe bytes.withUnsafeBufferPointer(run)
    }

    private mutating func step(
        _ parser: inout yaml_parser_t, _ text: UnsafeBufferPointer<UInt8>
    ) throws(YAMLError) {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(&parser, &event) == 1 else { throw unsafe Self.error(parser, text) }
        // The event owns its texts, which are copied below.
        defer { unsafe yaml_event_delete(&event) }
        let mark = unsafe Self.mark(event.start_mark)
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT:
            guard root == nil else { throw .secondDocument(mark) }
        case YAML_ALIAS_EVENT:
            let name = unsafe Self.text(event.data.alias.anchor) ?? ""
            guard let node = anchors[name] else { throw .unknownAlias(name, mark) }
            try add(node)
        case YAML_SCALAR_EVENT:
            let node = unsafe Node.scalar(Self.scalar(event.data.scalar, mark))
            try unsafe add(node, anchor: Self.text(event.data.scalar.anchor))
        case YAML_SEQUENCE_START_EVENT:
            try unsafe open(isMapping: false, mark, Self.text(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT:
            try unsafe open(isMapping: true, mark, Self.text(event.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            guard let done = stack.popLast() else { return }
            try add(done.node, anchor: done.anchor)
        default: break
        }
    }

    private mutating func open(isMapping: Bool, _ mark: Node.Mark, _ anchor: String?) throws(YAMLError) {
        guard stack.count < Self.mostLevels else { throw .tooDeep(mark) }
        stack.append(Open(isMapping: isMapping, mark: mark, anchor: anchor))
    }

    private mutating func add(_ node: Node, anchor: String? = nil) throws(YAMLError) {
        // An anchor may be used again: the last one counts (YAML 1.2, 7.1).
        if let anchor { anchors[anchor] = node }
        guard !stack.isEmpty else { return root = node }
        try stack[stack.count - 1].take(node)
    }
}

extension Composer {
    @unsafe private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        unsafe pointer.map { unsafe String(cString: $0) }
    }

    private static func mark(_ mark: yaml_mark_t) -> Node.Mark {
        Node.Mark(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }

    @unsafe private static func scalar(
        _ scalar: yaml_event_t.__Unnamed_union_data.__Unnamed_struct_scalar, _ mark: Node.Mark
    ) -> Node.Scalar {
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: Int(clamping: scalar.length))
        let style: Node.Style =
            switch unsafe scalar.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
            case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
            case YAML_LITERAL_SCALAR_STYLE: .literal
            case YAML_FOLDED_SCALAR_STYLE: .folded
            default: .plain
            }
        return Node.Scalar(string: unsafe String(decoding: bytes, as: UTF8.self), style: style, mark: mark)
    }

    @unsafe private static func error(
        _ parser: yaml_parser_t, _ text: UnsafeBufferPointer<UInt8>
    ) -> YAMLError {
        guard unsafe parser.error != YAML_MEMORY_ERROR else { return .memory }
        let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "not understood"
        guard unsafe parser.error == YAML_READER_ERROR else {
            return unsafe .syntax(problem: problem, mark(parser.problem_mark))
        }
        // Bytes that are no text have an offset only.
        let before = unsafe text.prefix(Int(clamping: parser.problem_offset))
        let lines = unsafe before.split(separator: .lineFeed, omittingEmptySubsequences: false)
        let last = unsafe String(decoding: lines.last ?? before, as: UTF8.self).unicodeScalars.count
        return unsafe .syntax(problem: problem, Node.Mark(line: max(lines.count, 1), column: last + 1))
    }
}
