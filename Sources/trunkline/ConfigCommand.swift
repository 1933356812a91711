internal import ArgumentParser
internal import Configuration
internal import Proxy

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Prints what there is to configure, or what a file means.",
        discussion: """
            Example:
              trunkline config --defaults > proxy.conf
              trunkline config --show --config proxy.conf

            Exit status: 0 when it is printed, 1 when the file is refused, 64 when the command line is wrong.

            Read on in Sources/Proxy/Proxy.docc/Configuration.md, which --reference prints.
            """)

    enum Text: String, EnumerableFlag {
        case schema, defaults, show, reference

        static func help(for value: Text) -> ArgumentHelp? {
            switch value {
            case .schema: "A JSON Schema (draft 2020-12), with which editors complete and check the file."
            case .defaults: "A commented file with every default."
            case .show: "The file with all defaults filled in and secrets masked."
            case .reference: "Every key with its default and meaning, in Markdown."
            }
        }
    }

    @Flag var text: Text
    @Option(name: [.short, .long], help: "The configuration file, for --show.")
    var config = "proxy.conf"

    func run() throws {
        switch text {
        case .schema: print(ConfigurationTexts.schema, terminator: "")
        case .defaults: print(ConfigurationTexts.defaults, terminator: "")
        case .reference: print(ConfigurationTexts.reference, terminator: "")
        case .show: try show()
        }
    }

    private func show() throws {
        do throws(Diagnostics) {
            let loaded = try Startup.load(file: config)
            guard !loaded.diagnostics.contains(where: { !$0.isWarning }) else {
                throw Diagnostics(loaded.diagnostics)
            }
            for warning in loaded.diagnostics { Console.complain(warning.description) }
            print(loaded.configuration.shown, terminator: "")
        } catch {
            throw error.printed
        }
    }
}
