/// `log`.
package struct LogConfiguration: Equatable, Sendable {
    /// Where lines go.
    package enum Target: Equatable, Sendable { case off, stdout, stderr, file(Located<String>) }

    /// Where a line for each session and request goes. Events always go to stderr.
    package var access = Target.stdout
    /// A JSON object a line, or `key=value` text.
    package fileprivate(set) var isJSON = true
    /// The least level of events that are written, by its name in swift-log.
    package var level = "info"

    static let table = Table("What is written about sessions, requests and events.", start: Self()) {
        Key.value(
            "access", \.access, .target,
            "Where a line for each session and request goes. Events always go to stderr."
        )
        Key.value(
            "format", \.isJSON, .choice(("json", true), ("text", false)),
            "A JSON object a line, or `key=value`."
        )
        Key.value(
            "level", \.level,
            .choice(
                ("trace", "trace"), ("debug", "debug"), ("info", "info"), ("notice", "notice"),
                ("warning", "warning"), ("error", "error"), ("critical", "critical")
            ).expecting("one of trace, debug, info, notice, warning, error, critical"),
            "The least level of events that are written.")
    }
}

extension Scalar where Value == LogConfiguration.Target {
    fileprivate static var target: Self {
        Scalar(
            form: Form(
                words: "`stdout`, `stderr`, `off` or a file",
                schema: ["anyOf": [["type": "string", "minLength": 1], ["$ref": "#/$defs/off"]]], isText: true
            ),
            expected: "stdout, stderr, off or a file",
            parse: { text, place in
                switch text {
                case "": nil
                case "stdout": .stdout
                case "stderr": .stderr
                case _ where Quantity.flag(text) == false: .off
                default: .file(Located(value: text, place: place))
                }
            },
            print: { target in
                switch target {
                case .off: "off"
                case .stdout: "stdout"
                case .stderr: "stderr"
                case .file(let name): name.value
                }
            }
        ).complaining { _ in "'access' in 'log' is empty, expected stdout, stderr, off or a file" }
    }
}
