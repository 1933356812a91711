internal import EventLoop

/// What commands say to a person, and hear.
package enum Console {
    /// The words behind the program's name.
    package static var arguments: [String] { Array(Machine.arguments.dropFirst()) }

    /// A line on standard error.
    package static func complain(_ line: String) { Machine.say(line, toError: true) }
}
