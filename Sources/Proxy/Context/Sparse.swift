/// A number that may be missing, in the room of one that may not: for what every session has. The largest of all stands for
/// none; times and counts don't come there.
@propertyWrapper
struct Sparse: Equatable {
    private var stored = UInt64.max

    init() {}
    init(wrappedValue: UInt64?) { self.wrappedValue = wrappedValue }

    var wrappedValue: UInt64? {
        get { stored == .max ? nil : stored }
        set { stored = newValue ?? .max }
    }
}
