internal import ArgumentParser
internal import Operator
internal import Proxy

/// Which sessions are meant, and where they are.
struct SessionChoice: ParsableArguments {
    @Option(help: "The address of the admin listener.")
    private var admin = "127.0.0.1:9901"

    @Option(help: "The file with the token of the admin listener, if it has one.")
    private var token: String?

    @Option(help: "Only sessions of this route.")
    private var route: String?

    @Option(help: "Only sessions of this upstream.")
    private var upstream: String?

    @Option(help: "Only sessions with this backend, by its address.")
    private var backend: String?

    @Option(help: "Only clients with this address, or in a range such as 10.0.0.0/8.")
    private var client: String?

    @Option(help: "Only sessions of this user, or of this subject of a token.")
    private var subject: String?

    @Option(help: "Only sessions in this state: open, hibernating, away, draining or closing.")
    private var state: String?

    @Option(help: "Only sessions older than this, such as 12h.")
    private var olderThan: String?

    @Flag(help: "Print the JSON of the admin listener, for scripts.")
    var json = false

    var listener: SessionTool.Admin { SessionTool.Admin(address: admin, token: token) }

    var parameters: SessionTool.Parameters {
        [
            ("route", route), ("upstream", upstream), ("backend", backend), ("client", client),
            ("subject", subject), ("state", state), ("older_than", olderThan),
        ]
    }
}

struct SessionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "Lists the sessions of a running proxy.",
        discussion: """
            The proxy must have an admin listener: `admin: { address: 127.0.0.1:9901 }` in its configuration.

            Example:
              trunkline sessions --subject ada
              trunkline sessions --older-than 12h --json

            Exit status: 0 when the sessions are listed, 1 when the admin listener refuses or does not answer, 64 when the \
            command line is wrong.

            Read on in Administering.md, which explains each choice.
            """)

    @OptionGroup private var choice: SessionChoice

    @Option(help: "How many sessions to list at most.")
    private var limit: String?

    func run() throws {
        do throws(TopError) {
            let parameters = choice.parameters + [("limit", limit)]
            for line in try SessionTool.list(parameters, asJSON: choice.json, choice.listener) { print(line) }
        } catch {
            Console.complain("trunkline sessions: \(error.reason)")
            throw ExitCode(1)
        }
    }
}

struct CloseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Closes sessions of a running proxy.",
        discussion: """
            Give the id of one session, or options that say which sessions to close. Without either, nothing is closed.
            The proxy must have an admin listener: `admin: { address: 127.0.0.1:9901 }` in its configuration.

            Example:
              trunkline close 0-5f3a90
              trunkline close --subject ada --code 4401 --reason "logged out"

            Exit status: 0 when the sessions are being closed, 1 when the admin listener refuses or does not answer, 64 \
            when the command line is wrong.

            Read on in Administering.md, which explains each choice.
            """)

    @Argument(help: "The id of one session, as `trunkline sessions` prints it.")
    private var id: String?

    @OptionGroup private var choice: SessionChoice

    @Option(help: "The close code that clients get. (default: 1008)")
    private var code: String?

    @Option(help: "The close reason that clients get.")
    private var reason: String?

    @Option(help: "How many sessions to close per second. (default: all within half a second)")
    private var rate: String?

    func run() throws {
        do throws(TopError) {
            let parameters = choice.parameters + [("code", code), ("reason", reason), ("rate", rate)]
            let lines = try SessionTool.close(id: id, parameters, asJSON: choice.json, choice.listener)
            for line in lines { print(line) }
        } catch {
            Console.complain("trunkline close: \(error.reason)")
            throw ExitCode(1)
        }
    }
}
