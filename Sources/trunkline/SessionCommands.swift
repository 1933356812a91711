internal import ArgumentParser
internal import Operator
internal import Proxy

/// Which sessions are meant, and where they are.
struct SessionChoice: ParsableArguments {
    @Option(help: "The address of the admin listener, as in the configuration.")
    private var admin = "127.0.0.1:9901"

    @Option(help: "The file with the admin listener's token, where it has one.")
    private var token: String?

    @Option(help: "The name of their route.")
    private var route: String?

    @Option(help: "The name of their upstream.")
    private var upstream: String?

    @Option(help: "The address of their backend.")
    private var backend: String?

    @Option(help: "The client's address, or a range such as 10.0.0.0/8.")
    private var client: String?

    @Option(help: "Who they are of: a token's subject, or a user.")
    private var subject: String?

    @Option(help: "open, hibernating, away, draining or closing.")
    private var state: String?

    @Option(help: "Only those that began so long ago, such as 12h.")
    private var olderThan: String?

    @Flag(help: "Print what the admin listener says, for scripts.")
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
        abstract: "Lists the sessions of a running proxy, through its admin listener.",
        discussion: """
            The proxy's configuration names the admin listener: `admin: { address: 127.0.0.1:9901 }`.

            Example:
              trunkline sessions --subject ada
              trunkline sessions --older-than 12h --json

            Exit status: 0 when they are listed, 1 when the admin listener does not answer or refuses, 64 when the command \
            line is wrong.

            Read on in Administering.md: what can be asked of sessions.
            """)

    @OptionGroup private var choice: SessionChoice

    @Option(help: "The most that are listed.")
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
        commandName: "close", abstract: "Closes sessions of a running proxy, through its admin listener.",
        discussion: """
            Name one session by its id, or say which are meant; without either nothing is closed.

            Example:
              trunkline close 0-5f3a90
              trunkline close --subject ada --code 4401 --reason "logged out"

            Exit status: 0 when they are being closed, 1 when the admin listener does not answer or refuses, 64 when the \
            command line is wrong.

            Read on in Administering.md: what can be asked of sessions.
            """)

    @Argument(help: "The id of one session, as `trunkline sessions` shows it.")
    private var id: String?

    @OptionGroup private var choice: SessionChoice

    @Option(help: "The code of the Close that they get. (default: 1008)")
    private var code: String?

    @Option(help: "Its reason.")
    private var reason: String?

    @Option(help: "Sessions a second. (default: all within half a second)")
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
