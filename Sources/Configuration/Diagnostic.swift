/// A place in the text, both counted from 1.
package struct Place: Equatable, Sendable {
    package let line: Int
    package let column: Int

    /// A place from its numbers.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A value and where it stands, for complaints that only the shell can make: a file that can't be read, a port in use.
package struct Located<Value: Sendable & Equatable>: Sendable, Equatable {
    package let value: Value
    package let place: Place

    /// A value from its parts.
    package init(value: Value, place: Place) {
        self.value = value
        self.place = place
    }
}

/// One complaint, or a warning that stops nothing.
package struct Diagnostic: Error, Equatable, Sendable, CustomStringConvertible {
    package let file: String
    package let place: Place
    package let text: String
    package let isWarning: Bool

    /// A complaint about a place.
    package init(file: String, place: Place, text: String, isWarning: Bool = false) {
        self.file = file
        self.place = place
        self.text = text
        self.isWarning = isWarning
    }

    package var description: String {
        "\(file):\(place.line):\(place.column): \(isWarning ? "warning: " : "")\(text)"
    }
}

/// All complaints about one configuration, in the order of the text.
package struct Diagnostics: Error, Equatable, Sendable {
    package let list: [Diagnostic]

    /// Sorted by place.
    package init(_ list: [Diagnostic]) {
        self.list = list.sorted { ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column) }
    }
}
