import HTTPProtocol

enum Targets {
    /// A target is its own canonical form, and no reading of it leaves the root. Dot segments are only in readings of those
    /// who decode when dot segments are gone already.
    static func check(_ bytes: [UInt8]) -> String? {
        guard let target = try? RequestTarget(bytes.span) else { return nil }
        guard let again = try? RequestTarget(text: target.text), again == target else {
            return "its canonical form is another target"
        }
        guard isClean(target.path) else { return "dots in the path" }
        // Dots may come to light where something is encoded, or a backslash is taken for a slash.
        let hasHidden = target.path.utf8.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "\\") }
        var readings = 0
        var fault: String?
        _ = target.everyReading { path in
            readings += 1
            if path.utf8.first != 47 { fault = "a reading that leaves the root" }
            if !isClean(path), !hasHidden { fault = "dots in a reading of what hides none" }
            if path == target.path { fault = "a reading that is none" }
            return fault == nil
        }
        return fault ?? (readings > 42 ? "more readings than there are ways" : nil)
    }

    private static func isClean(_ path: String) -> Bool {
        path.utf8.first == 47
            && path.utf8.split(separator: 47).allSatisfy { $0.count > 2 || $0.contains { $0 != 46 } }
    }
}
