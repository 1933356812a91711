import Testing

/// An event is a value; what the log says of it is worded in one place.
@Suite("The log")
struct LogTests {
    @Test("nobody else words lines")
    func words() throws {
        let found = try House.sources().filter { file in
            file.module == "Proxy" && !file.path.hasPrefix("Proxy/Observation/")
                && file.lines.contains { $0.hasSuffix("import Logging") }
        }.map(\.path)
        #expect(found == [])
    }
}
