/// Is told what happens on a socket. Never called from inside a call to the socket.
package protocol StreamHandler: AnyObject {
    /// A connect that was under way has succeeded.
    func streamConnected()
    /// Bytes came; they are the handler's to change for the time of the call, and gone after it.
    func streamReceived(_ bytes: inout MutableSpan<UInt8>)
    /// The peer has sent its FIN: nothing more will come.
    func streamEnded()
    /// The same, while it isn't read: `streamEnded` or `streamFailed` follows when all that came before is. Told once.
    func streamEndsUnread()
    /// All that was queued has been given to the kernel.
    func streamFlushed()
    /// The connection is broken or could not be made. The socket is closed.
    func streamFailed(_ error: SystemError)
}

extension StreamHandler {
    /// For those who wait for what stands before the end, however long that takes.
    package func streamEndsUnread() {}
}
