/// An upgrade that an upstream has been asked for and that is not decided yet.
protocol PendingUpgrade: AnyObject {
    /// The client has gone: nobody waits for an answer.
    func cancel()
    /// What is waited for, in the log's words.
    var phase: Fault.Phase { get }
}
