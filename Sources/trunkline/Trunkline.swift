internal import ArgumentParser
internal import Configuration
internal import Operator
internal import Proxy

/// The command. Each subcommand hands over to the module that does the work.
@main
struct Trunkline: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trunkline", abstract: "A reverse proxy for WebSockets.",
        discussion: """
            Example:
              trunkline demo
              trunkline check --config proxy.conf && trunkline run --config proxy.conf

            Exit status: 0 on success, 1 when the command fails (the reason is on standard error), 64 when the command \
            line is wrong.

            Read on in README.md; proxy.conf.example shows every key.
            """,
        version: Versions.lines.joined(separator: "\n"),
        subcommands: [
            Run.self, Check.self, ConfigCommand.self, DemoCommand.self, TopCommand.self, SessionsCommand.self,
            CloseCommand.self, AcmeCommand.self, Version.self,
        ])

    /// With arguments that are known where /proc is hidden, too.
    static func main() { main(Console.arguments) }
}

/// What `run` and `check` share.
struct ConfigurationFile: ParsableArguments {
    @Option(name: [.short, .long], help: "The configuration file.")
    var config = "proxy.conf"

    /// Reads it; on complaints prints them all and ends with 1.
    func load() throws -> Startup {
        do throws(Diagnostics) {
            let startup = try Startup(file: config)
            for warning in startup.warnings { Console.complain(warning.description) }
            return startup
        } catch {
            throw error.printed
        }
    }
}

extension Diagnostics {
    /// Prints every complaint; what is thrown ends the process with status 1 and no further words.
    var printed: ExitCode {
        for diagnostic in list { Console.complain(diagnostic.description) }
        return ExitCode(1)
    }
}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the proxy in the foreground.",
        discussion: """
            Signals:
              SIGTERM, SIGINT  close all sessions politely, then end; a second one ends at once
              SIGHUP           reload configuration and certificates, reopen the access log
              SIGUSR2          start a new process, hand the sockets over to it, then drain

            Example:
              trunkline run --config /etc/trunkline/proxy.conf

            Exit status: 0 after a drain, 1 when the configuration has errors or an address can't be listened on, \
            64 when the command line is wrong.

            Read on in proxy.conf.example, and in the articles of Sources/Proxy/Proxy.docc.
            """)

    @OptionGroup private var file: ConfigurationFile

    func run() throws {
        let startup = try file.load()
        do throws(Diagnostics) {
            try ProxyServer(startup, file: file.config).run()
        } catch {
            throw error.printed
        }
    }
}

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a configuration: prints a summary of it, or every error.",
        discussion: """
            The certificates and keys that the file names are read, too. Nothing is listened on. Each error says where it \
            is: file, line and column.

            Example:
              trunkline check --config proxy.conf

            Exit status: 0 when `run` would accept the file, 1 when it would not, 64 when the command line is wrong.

            Read on in proxy.conf.example, which shows every key with its default.
            """)

    @OptionGroup private var file: ConfigurationFile

    func run() throws {
        for line in try file.load().summary { print(line) }
    }
}

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Runs the proxy with a chat, a ticker and an echo behind it; needs no file.",
        discussion: """
            Open https://localhost:8443/ in a browser. It warns once, as the certificate is made in memory.

            Example:
              trunkline demo --port 8443

            Exit status: 0 after Ctrl-C, 1 when the port can't be listened on, 64 when the command line is wrong.

            Read on in README.md, under "Five minutes to your own backend".
            """)

    @Option(help: "The port to listen on.")
    private var port: UInt16 = 8443

    @Option(help: "The IP address to listen on; with 0.0.0.0 other machines can connect. (default: loopback)")
    private var address: String?

    func run() throws {
        do throws(Diagnostics) {
            try Demo.run(address: address, port: port)
        } catch {
            throw error.printed
        }
    }
}

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows live what a running proxy does.",
        discussion: """
            The proxy must have an admin listener: `admin: { address: 127.0.0.1:9901 }` in its configuration.
            Press q to quit.

            Example:
              trunkline top
              trunkline top --admin unix:/run/trunkline/admin.sock --once

            Exit status: 0 after q, 1 when the admin listener refuses or does not answer, 64 when the command line is wrong.

            Read on in Observing.md, which explains every figure.
            """)

    @Option(help: "The address of the admin listener.")
    private var admin = "127.0.0.1:9901"

    @Option(help: "The time between two updates.")
    private var interval = "2s"

    @Option(help: "The file with the token of the admin listener, if it has one.")
    private var token: String?

    @Flag(help: "Print the figures once and exit.")
    private var once = false

    func run() throws {
        do throws(TopError) {
            try Top.run(admin: admin, interval: interval, token: token, once: once)
        } catch {
            Console.complain("trunkline top: \(error.reason)")
            throw ExitCode(1)
        }
    }
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the version of Trunkline, and of the libraries in use.",
        discussion: """
            Example:
              trunkline version            (or trunkline --version)

            Exit status: 0.

            Read on in README.md.
            """)

    func run() {
        for line in Versions.lines { print(line) }
    }
}
