/// A client's connection as its worker keeps it: one of HTTP/1.1 until its session begins, or one of HTTP/2 until it
/// ends.
protocol LiveClient: AnyObject {
    /// Where the worker keeps it; -1 when it doesn't.
    var position: Int { get set }
    func start()
    /// The process drains: nothing more is to begin here than what is under way.
    func drain()
}
