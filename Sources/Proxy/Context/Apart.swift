/// A value that stands apart from who has it: those that have none hold no room for it.
struct Apart<Value> {
    private indirect enum Storage { case value(Value) }

    private var storage: Storage

    init(_ value: Value) { storage = .value(value) }

    var value: Value {
        get {
            switch storage {
            case .value(let value): value
            }
        }
        set { storage = .value(newValue) }
    }
}
