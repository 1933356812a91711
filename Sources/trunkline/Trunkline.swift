internal import ArgumentParser
internal import Configuration
internal import Proxy

/// The command. Each subcommand hands over to the module that does the work.
@main
struct Trunkline: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trunkline", abstract: "A reverse proxy for WebSockets.",
        subcommands: [Run.self, Check.self, DemoCommand.self, TopCommand.self, Version.self])
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
        abstract: "Runs in the foreground. SIGTERM and SIGINT drain, SIGHUP reloads.")

    @OptionGroup var file: ConfigurationFile

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
        abstract: "Prints every complaint about a configuration, or a summary of it.")

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        for line in try file.load().summary { print(line) }
    }
}

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Shows a chat, a ticker and an echo behind the proxy; needs no file.")

    @Option(help: "The port to listen on.")
    var port: UInt16 = 8443

    @Option(help: "The IP address to listen on; 0.0.0.0 lets other machines in. (default: loopback)")
    var address: String?

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
        abstract: "Shows what a running proxy does, through its admin listener. q ends it.")

    @Option(help: "The address of the admin listener, as in the configuration.")
    var admin = "127.0.0.1:9901"

    @Option(help: "The time between two looks.")
    var interval = "2s"

    @Option(help: "The file with the admin listener's token, where it has one.")
    var token: String?

    @Flag(help: "Print one picture and end.")
    var once = false

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
        abstract: "Prints the version, and those of the libraries in use.")

    func run() {
        for line in Versions.lines { print(line) }
    }
}
