/// A value of a YAML text, and where it begins.
package enum Node: Sendable {
    case scalar(Scalar)
    case mapping(Mapping)
    case sequence([Node], Mark)

    /// A place in the text.
    package struct Mark: Equatable, Sendable {
        /// Counted from 1.
        package let line: Int
        /// In Unicode scalars, counted from 1.
        package let column: Int

        /// A place from its numbers.
        package init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }

    /// How a scalar is written.
    package enum Style: Equatable, Sendable { case plain, singleQuoted, doubleQuoted, literal, folded }

    /// A text. What it means, number, flag or word, is for the reader to say: tags are not looked at.
    package struct Scalar: Equatable, Sendable {
        /// Without quotes and escapes.
        package let string: String
        /// How it is written.
        package let style: Style
        /// Where it begins, its quotes included.
        package let mark: Mark
    }

    /// Keys and values in the order of the text. No two keys are the same text.
    package struct Mapping: RandomAccessCollection, Sendable {
        let pairs: [(key: Node, value: Node)]
        let mark: Mark

        /// The first pair's.
        package var startIndex: Int { 0 }
        /// Behind the last pair.
        package var endIndex: Int { pairs.count }
        /// A pair by its place among the others.
        package subscript(position: Int) -> (key: Node, value: Node) { pairs[position] }

        /// The value of a key; nil when it is absent.
        package subscript(key: String) -> Node? { pairs.first { $0.key.scalar?.string == key }?.value }
    }

    /// nil for what is none.
    package var scalar: Scalar? { if case .scalar(let scalar) = self { scalar } else { nil } }
    /// nil for what is none.
    package var mapping: Mapping? { if case .mapping(let mapping) = self { mapping } else { nil } }
    /// nil for what is none.
    package var sequence: [Node]? { if case .sequence(let items, _) = self { items } else { nil } }

    /// Where it begins; of an alias, where what it names begins.
    package var mark: Mark {
        switch self {
        case .scalar(let scalar): scalar.mark
        case .mapping(let mapping): mapping.mark
        case .sequence(_, let mark): mark
        }
    }
}
