internal import ArgumentParser
internal import Operator
internal import Proxy

/// Certificates that a running proxy gets by itself.
struct AcmeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acme",
        abstract: "Shows, renews and revokes the certificates that a running proxy gets by itself.",
        discussion: """
            The proxy must have an admin listener: `admin: { address: 127.0.0.1:9901 }` in its configuration.

            Example:
              trunkline acme status
              trunkline acme renew chat.example.com
              trunkline acme revoke chat.example.com --reason 1

            \(ending)
            """,
        subcommands: [AcmeStatus.self, AcmeRenew.self, AcmeRevoke.self, AcmeAccountKey.self])

    /// What the help of all of them ends with.
    static let ending = """
        Exit status: 0 when the order is carried out, 1 when it is not (the reason is on standard error), 64 when the \
        command line is wrong.

        Read on in Certificates.md.
        """
}

/// Where the proxy is reached.
struct AdminAddress: ParsableArguments {
    @Option(help: "The address of the admin listener.")
    var admin = "127.0.0.1:9901"

    @Option(help: "The file with the token of the admin listener, if it has one.")
    var token: String?

    func run(_ wish: AcmeOrder.Wish) throws {
        do throws(TopError) {
            try AcmeOrder.run(wish, admin: admin, token: token)
        } catch {
            Console.complain("trunkline acme: \(error.reason)")
            throw ExitCode(1)
        }
    }
}

struct AcmeStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows each certificate, when it is renewed next, and the last error.",
        discussion: """
            Example:
              trunkline acme status --admin 127.0.0.1:9901

            \(AcmeCommand.ending)
            """)

    @OptionGroup var address: AdminAddress

    func run() throws { try address.run(.status) }
}

struct AcmeRenew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Renews the certificate of one name now, or those of all names.",
        discussion: """
            Example:
              trunkline acme renew chat.example.com

            \(AcmeCommand.ending)
            """)

    @Argument(help: "The name, as the configuration has it. (default: all names)")
    var name: String?

    @OptionGroup var address: AdminAddress

    func run() throws { try address.run(.renew(name)) }
}

struct AcmeRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Has the authority revoke a certificate, and gets a new one.",
        discussion: """
            Example:
              trunkline acme revoke chat.example.com --reason 1

            \(AcmeCommand.ending)
            """)

    @Argument(help: "The name, as the configuration has it.")
    var name: String

    @Option(help: "0 unspecified, 1 key compromise, 3 affiliation changed, 4 superseded, 5 cessation.")
    var reason = 0

    @OptionGroup var address: AdminAddress

    func run() throws { try address.run(.revoke(name, reason: reason)) }
}

struct AcmeAccountKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account-key", abstract: "Changes the key of the account at the authority.",
        discussion: """
            Example:
              trunkline acme account-key

            \(AcmeCommand.ending)
            """)

    @OptionGroup var address: AdminAddress

    func run() throws { try address.run(.accountKey) }
}
