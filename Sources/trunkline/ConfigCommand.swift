internal import ArgumentParser
internal import Configuration
internal import Proxy

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Prints all keys of the configuration, or a file with every default filled in.",
        discussion: """
            Example:
              trunkline config --defaults > proxy.conf
              trunkline config --show --config proxy.conf

            Exit status: 0 when the text is printed, 1 when the file has errors, 64 when the command line is wrong.

            Read on in Sources/Proxy/Proxy.docc/Configuration.md, which --reference prints.
            """)

    enum Text: String, EnumerableFlag {
        case schema, defaults, show, reference

        static func help(for value: Text) -> ArgumentHelp? {
            switch value {
            case .schema: "A JSON Schema (draft 2020-12). Editors use it to complete and check the file."
            case .defaults: "A file with every key, its default and a comment."
            case .show: "The given file with all defaults filled in and secrets masked."
            case .reference: "Every key with its default and its meaning, as Markdown."
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
