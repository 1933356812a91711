extension TopView {
    /// Numbers as people read them, none wider than nine columns.
    enum Text {
        /// The name on the left, numbers on the right, 80 columns in all.
        static func columns(_ cells: [String]) -> String {
            let name = String((cells.first ?? "").prefix(29))
            let left = name + String(repeating: " ", count: max(0, 30 - name.count))
            return left + cells.dropFirst().map { padded($0, to: 10) }.joined()
        }

        private static func padded(_ text: String, to width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }

        static func count(_ number: Double) -> String {
            scaled(number, by: 1000, units: ["", "k", "M", "G", "T"], isWhole: true)
        }

        static func rate(_ number: Double) -> String {
            scaled(number, by: 1000, units: ["", "k", "M", "G", "T"], isWhole: false)
        }

        static func size(_ bytes: Double) -> String {
            scaled(bytes, by: 1024, units: [" B", " KiB", " MiB", " GiB", " TiB"], isWhole: true)
        }

        static func time(_ seconds: Double) -> String {
            switch seconds {
            case ..<0.001: decimal(seconds * 1_000_000, places: 0) + " µs"
            case ..<1: decimal(seconds * 1000, places: 1) + " ms"
            default: decimal(seconds, places: 1) + " s"
            }
        }

        private static func scaled(
            _ number: Double, by step: Double, units: [String], isWhole: Bool
        ) -> String {
            var value = number.isFinite ? max(number, 0) : 0
            var unit = 0
            while value >= step * 10, unit < units.count - 1 {
                value /= step
                unit += 1
            }
            // From the first unit on, and where fractions mean something, one decimal below 100.
            let places = unit == 0 && isWhole || value >= 100 ? 0 : 1
            return decimal(value, places: places) + units[unit]
        }

        private static func decimal(_ number: Double, places: Int) -> String {
            let scale = places == 0 ? 1.0 : 10.0
            guard let tenths = Int(exactly: (number * scale).rounded()) else { return "?" }
            return places == 0 ? "\(tenths)" : "\(tenths / 10).\(tenths % 10)"
        }
    }
}
