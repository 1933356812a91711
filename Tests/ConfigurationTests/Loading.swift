import Configuration

/// What became of a text: a value where it is YAML, and all that is said about it, a line each.
struct Loaded {
    let value: ProxyConfiguration?
    let said: [String]

    /// The same without the places.
    var words: [String] {
        said.map { String($0.split(separator: ": ", maxSplits: 1).last ?? "") }
    }

    /// The upstream of `Parts`.
    var upstream: UpstreamConfiguration? { value?.upstreams["app"] }
}

func load(_ text: String, _ environment: [String: String] = [:]) -> Loaded {
    do throws(Diagnostics) {
        let loaded = try ConfigurationLoader.load(text, file: "f", environment: environment)
        return Loaded(value: loaded.configuration, said: loaded.diagnostics.map(\.description))
    } catch {
        return Loaded(value: nil, said: error.list.map(\.description))
    }
}

/// A small configuration, and what a test puts into it: further keys in YAML's flow style, each with a comma before it.
///
/// Line 1 is the listener, 2 the route, 3 the upstream; `rest` begins at line 4.
func load(listener: String = "", route: String = "", upstream: String = "", rest: String = "") -> Loaded {
    load(
        """
        listeners: [{ address: "127.0.0.1:8080"\(listener) }]
        routes: [{ name: app, upstream: app\(route) }]
        upstreams: { app: { backends: [{ address: "127.0.0.1:9001" }]\(upstream) } }
        \(rest)
        """)
}
