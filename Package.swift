// swift-tools-version: 6.3
import Foundation
import PackageDescription

/// Every Swift target is built with these: Swift 6, no warning tolerated, unsafe code greppable.
let house: [SwiftSetting] =
    [.swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error)]
    + ["ExistentialAny", "InternalImportsByDefault", "MemberImportVisibility"].map {
        .enableUpcomingFeature($0)
    }
    // The check that no two accesses to an object's state overlap is made while running, for each access: a quarter of all
    // that a small message takes. Debug builds make it, and with them the unit tests and `Tests/run --sanitize address`.
    + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let basicContainers = Target.Dependency.product(name: "BasicContainers", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "trunkline",
    products: [.executable(name: "trunkline", targets: ["trunkline"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        // OpenSSL's EVP and libcrypt: both are there wherever the other two headers are.
        .systemLibrary(name: "CAccess"),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),

        .target(name: "ASCII", swiftSettings: house),
        .target(name: "Durations", swiftSettings: house),
        .target(name: "HandedBytes", swiftSettings: house),
        .target(name: "WebSocketProtocol", dependencies: [basicContainers], swiftSettings: house),
        .target(
            name: "PerMessageDeflate", dependencies: ["CZlib", "HTTPProtocol", basicContainers],
            swiftSettings: house),
        .target(name: "HTTPProtocol", dependencies: ["ASCII"], swiftSettings: house),
        .target(name: "HTTP2Protocol", dependencies: ["CNGHTTP2", basicContainers], swiftSettings: house),
        .target(
            name: "TLS", dependencies: ["ASCII", "COpenSSL", "HandedBytes", basicContainers],
            swiftSettings: house),
        .target(
            name: "ACME", dependencies: ["ASCII", "Access", "COpenSSL", "Durations"], swiftSettings: house),
        .target(name: "Patterns", dependencies: ["CPCRE2"], swiftSettings: house),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "YAML", dependencies: ["ASCII", "CYAML"], swiftSettings: house),
        .target(
            name: "Access", dependencies: ["ASCII", "CAccess", "Durations", "HTTPProtocol"],
            swiftSettings: house),
        .target(name: "Routing", dependencies: ["ASCII", "Durations", "Patterns"], swiftSettings: house),
        .target(
            name: "EventLoop", dependencies: ["CLinux", "Durations", basicContainers], swiftSettings: house),
        .target(name: "Telemetry", dependencies: ["ASCII", logging], swiftSettings: house),
        .target(
            name: "Configuration",
            dependencies: [
                "ASCII", "Access", "Durations", "HTTP2Protocol", "HTTPProtocol", "Patterns",
                "PerMessageDeflate",
                "Routing", "WebSocketProtocol", "YAML",
            ], swiftSettings: house),
        .target(
            name: "Proxy",
            dependencies: [
                "WebSocketProtocol", "PerMessageDeflate", "HTTPProtocol", "HTTP2Protocol", "TLS", "Patterns",
                "ACME", "ASCII", "Access", "Durations", "HandedBytes", "Routing", "EventLoop", "Telemetry",
                "Configuration", basicContainers, logging,
            ],
            resources: [.embedInCode("Demo/demo.html")],
            swiftSettings: house),
        .target(
            name: "Operator",
            dependencies: [
                "ACME", "ASCII", "Access", "Configuration", "Durations", "EventLoop", "HTTPProtocol",
            ],
            swiftSettings: house),
        .executableTarget(
            name: "trunkline", dependencies: ["Operator", "Proxy", "Configuration", argumentParser],
            swiftSettings: house),

        .testTarget(
            name: "WebSocketProtocolTests", dependencies: ["WebSocketProtocol", "Chance", basicContainers],
            swiftSettings: house),
        .testTarget(
            name: "PerMessageDeflateTests",
            dependencies: ["PerMessageDeflate", "HTTPProtocol", basicContainers],
            swiftSettings: house),
        .testTarget(name: "ASCIITests", dependencies: ["ASCII"], swiftSettings: house),
        .testTarget(name: "DurationsTests", dependencies: ["Durations"], swiftSettings: house),
        .testTarget(name: "HandedBytesTests", dependencies: ["HandedBytes"], swiftSettings: house),
        .testTarget(name: "HTTPProtocolTests", dependencies: ["HTTPProtocol"], swiftSettings: house),
        .testTarget(
            name: "HTTP2ProtocolTests", dependencies: ["HTTP2Protocol", basicContainers], swiftSettings: house
        ),
        .testTarget(
            name: "TLSTests", dependencies: ["TLS", "Chance", basicContainers], swiftSettings: house),
        .testTarget(name: "ACMETests", dependencies: ["ACME", "Access"], swiftSettings: house),
        .testTarget(name: "PatternsTests", dependencies: ["Patterns"], swiftSettings: house),
        .testTarget(name: "YAMLTests", dependencies: ["YAML"], swiftSettings: house),
        .testTarget(name: "AccessTests", dependencies: ["Access", "HTTPProtocol"], swiftSettings: house),
        .testTarget(name: "RoutingTests", dependencies: ["Patterns", "Routing"], swiftSettings: house),
        .testTarget(
            name: "EventLoopTests", dependencies: ["EventLoop", "Chance", basicContainers],
            swiftSettings: house),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry", logging], swiftSettings: house),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: [
                "Access", "Configuration", "HTTP2Protocol", "HTTPProtocol", "PerMessageDeflate", "Routing",
                "WebSocketProtocol", "YAML",
            ], swiftSettings: house),
        .testTarget(
            name: "ProxyTests",
            dependencies: [
                "ACME", "Access", "Chance", "Configuration", "Durations", "EventLoop", "HandedBytes",
                "HTTP2Protocol", "HTTPProtocol", "PerMessageDeflate", "Proxy", "Routing", "TLS", "Telemetry",
                "WebSocketProtocol", basicContainers, logging,
            ], swiftSettings: house),
        .testTarget(name: "OperatorTests", dependencies: ["Operator"], swiftSettings: house),
        .target(name: "Chance", path: "Tests/Support/Chance", swiftSettings: house),
        .testTarget(name: "HouseTests", dependencies: ["Configuration"], swiftSettings: house),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "WebSocketProtocol", "PerMessageDeflate", "HTTPProtocol", "HTTP2Protocol", "TLS",
                "Access", "Configuration",
                basicContainers,
            ], path: "Tests/Fuzz/Targets", swiftSettings: house),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], swiftSettings: house),
        // What the interop tests feed with requests, to compare with other parsers.
        .executableTarget(
            name: "headcheck", dependencies: ["HTTPProtocol"], path: "Tests/Support/HeadCheck",
            swiftSettings: house),
    ]
)

// Needs libFuzzer, which `Tests/Fuzz/run` links, so this executable exists only when it is asked for.
if ProcessInfo.processInfo.environment["TRUNKLINE_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Entry",
            swiftSettings: house + [.unsafeFlags(["-parse-as-library"])]))
}

// Micro benchmarks, by `Tests/Benchmarks/micro` only.
if ProcessInfo.processInfo.environment["TRUNKLINE_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "microbench",
            dependencies: ["WebSocketProtocol", "PerMessageDeflate", "CZlib", basicContainers],
            path: "Tests/Benchmarks/Micro", swiftSettings: house))
}
