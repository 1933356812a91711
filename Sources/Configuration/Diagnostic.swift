/// A place in the text, both counted from 1.
package struct Place: Equatable, Sendable {
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

/// A value and where it stands, for complaints that only the shell can make: a file that can't be read, a port in use.
package struct Located<Value: Sendable & Equatable>: Sendable, Equatable {
    /// What stands there.
    package let value: Value
    /// The place of the value, not of its key.
    package let place: Place

    /// A value from its parts.
    package init(value: Value, place: Place) {
        self.value = value
        self.place = place
    }

    /// Where something stands is no part of what it is.
    package static func == (one: Self, other: Self) -> Bool { one.value == other.value }
}

/// One complaint, or a warning that stops nothing.
package struct Diagnostic: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name that the configuration was loaded under.
    package let file: String
    /// What it is about.
    package let place: Place
    /// Lower case, no full stop: what is wrong, and what was expected.
    package let text: String
    /// Nothing is stopped by it.
    package let isWarning: Bool

    /// A complaint about a place.
    package init(file: String, place: Place, text: String, isWarning: Bool = false) {
        self.file = file
        self.place = place
        self.text = text
        self.isWarning = isWarning
    }

    /// `FILE:LINE:COLUMN: text`, as operators and editors read it.
    package var description: String {
        "\(file):\(place.line):\(place.column): \(isWarning ? "warning: " : "")\(text)"
    }
}

/// All complaints about one configuration, in the order of the text.
package struct Diagnostics: Error, Equatable, Sendable {
    /// In the order of the text.
    package let list: [Diagnostic]

    /// Sorted by place.
    package init(_ list: [Diagnostic]) {
        self.list = list.sorted { ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column) }
    }
}
