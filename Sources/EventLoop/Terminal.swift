internal import CLinux

/// The terminal that a command was started in: its size, and its keys one by one.
package final class Terminal: Pollable {
    private let saved: termios
    private let pressed: (UInt8) -> Void

    /// Whether both standard input and standard output are a terminal.
    package static var isThere: Bool { isatty(0) == 1 && isatty(1) == 1 }

    /// Columns and rows, as they are now; 80 and 24 where the terminal doesn't say.
    package static var size: (columns: Int, rows: Int) {
        let packed = Int(trunkline_window_size())
        let (columns, rows) = (packed >> 16, packed & 0xFFFF)
        return (columns > 0 ? columns : 80, rows > 0 ? rows : 24)
    }

    /// Takes keys as they are pressed, Ctrl-C (3) among them, without showing them; `restore` gives the terminal back.
    package init(on loop: EventLoop, pressed: @escaping (UInt8) -> Void) throws(SystemError) {
        var now = termios()
        guard unsafe tcgetattr(0, &now) == 0 else { throw SystemError("tcgetattr") }
        saved = now
        self.pressed = pressed
        now.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        guard unsafe tcsetattr(0, TCSANOW, &now) == 0 else { throw SystemError("tcsetattr") }
        // A handle of our own: standard input itself must stay open when this one is closed.
        super.init(Descriptor(trunkline_duplicate(0)), on: loop)
        watch(readable: true, writable: false)
    }

    /// As it was before.
    package func restore() {
        var before = saved
        _ = unsafe tcsetattr(0, TCSANOW, &before)
        closeDescriptor()
    }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        var keys = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(descriptor, &keys, keys.count)
        // The terminal has gone: as if somebody had left.
        guard count > 0 else { return pressed(3) }
        for key in keys.prefix(count) { pressed(key) }
    }
}
