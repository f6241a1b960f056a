// swift-tools-version: 6.3
import CompilerPluginSupport
import PackageDescription

/// The settings of every Swift target.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let tracing = Target.Dependency.product(
    name: "Tracing",
    package: "swift-distributed-tracing",
    condition: .when(traits: ["Tracing"])
)
let configuration = Target.Dependency.product(
    name: "Configuration",
    package: "swift-configuration",
    condition: .when(traits: ["Configuration"])
)
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle",
    condition: .when(traits: ["ServiceLifecycle"])
)
/// The packages for sockets between peers. They are fetched with the trait Hybrid only.
let sockets = [("NIOCore", "swift-nio"), ("NIOPosix", "swift-nio"), ("NIOSSL", "swift-nio-ssl")].map { name, package in
    Target.Dependency.product(name: name, package: package, condition: .when(traits: ["Hybrid"]))
}

/// The packages for AutoGen's worker protocol. They are fetched with the trait AutoGen only.
let protobuf = Target.Dependency.product(
    name: "SwiftProtobuf",
    package: "swift-protobuf",
    condition: .when(traits: ["AutoGen"])
)
let grpc = [
    ("GRPCCore", "grpc-swift-2"), ("GRPCNIOTransportHTTP2Posix", "grpc-swift-nio-transport"), ("NIOCore", "swift-nio"),
    ("NIOPosix", "swift-nio"), ("X509", "swift-certificates"),
].map { name, package in
    Target.Dependency.product(name: name, package: package, condition: .when(traits: ["AutoGen"]))
}

/// The server of `warren exporter` and `warren dashboard`. It is fetched with the trait Monitoring only.
let web = [
    ("Hummingbird", "hummingbird"), ("HummingbirdCore", "hummingbird"), ("HummingbirdTLS", "hummingbird"),
    ("HTTPTypes", "swift-http-types"), ("NIOCore", "swift-nio"), ("NIOSSL", "swift-nio-ssl"),
].map { name, package in
    Target.Dependency.product(name: name, package: package, condition: .when(traits: ["Monitoring"]))
}

/// The library of the plugin that expands macros. It is fetched with the trait Macros only.
let syntax = [
    "SwiftSyntax", "SwiftSyntaxBuilder", "SwiftSyntaxMacros", "SwiftCompilerPlugin", "SwiftDiagnostics", "SwiftParser",
].map { name in
    Target.Dependency.product(name: name, package: "swift-syntax", condition: .when(traits: ["Macros"]))
}

let package = Package(
    name: "warren",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AgentExchange", targets: ["AgentExchange"]),
        .library(name: "InProcessExchange", targets: ["InProcessExchange"]),
        .library(name: "RabbitMQExchange", targets: ["RabbitMQExchange"]),
        .library(name: "HybridExchange", targets: ["HybridExchange"]),
        .library(name: "ExchangeConformance", targets: ["ExchangeConformance"]),
        .library(name: "ExchangeTestKit", targets: ["ExchangeTestKit"]),
        .library(name: "Agents", targets: ["Agents"]),
        .library(name: "AgentMacros", targets: ["AgentMacros"]),
        .library(name: "WorkerRuntime", targets: ["WorkerRuntime"]),
        .library(name: "AutoGenHost", targets: ["AutoGenHost"]),
        .executable(name: "warren", targets: ["warren"]),
        .executable(name: "warren-autogen-host", targets: ["warren-autogen-host"]),
    ],
    // A user of AgentExchange fetches 9 packages with the default traits, 4 with none.
    traits: [
        .default(enabledTraits: ["Tracing", "Configuration", "ServiceLifecycle"]),
        .trait(name: "Tracing", description: "Spans around calls and actions; the context travels with requests."),
        .trait(name: "Configuration", description: "Settings out of a ConfigReader of swift-configuration."),
        .trait(
            name: "ServiceLifecycle",
            description: "The runtime of an agent is a service of swift-service-lifecycle."
        ),
        .trait(name: "Hybrid", description: "Direct connections between processes, over SwiftNIO. Off by default."),
        .trait(name: "AutoGen", description: "A host for AutoGen's workers, over gRPC. Off by default."),
        .trait(
            name: "Monitoring",
            description: "The server of warren exporter and dashboard, over Hummingbird. Off by default."
        ),
        .trait(name: "Macros", description: "The macro @AgentInterface, over swift-syntax. Off by default."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.0.0", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.5.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swiftlang/swift-syntax", from: "603.0.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CRabbitMQ",
            pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"]), .brew(["rabbitmq-c"])]
        ),
        .target(name: "Primitives", dependencies: [deque, heap], swiftSettings: settings),
        .target(
            name: "AMQP",
            dependencies: ["Primitives", "CRabbitMQ", logging, metrics, deque],
            swiftSettings: settings + [.strictMemorySafety()]
        ),
        .target(
            name: "AgentExchange",
            dependencies: ["Primitives", logging, metrics, deque, tracing, configuration],
            swiftSettings: settings
        ),
        .target(
            name: "InProcessExchange",
            dependencies: ["Primitives", "AgentExchange", logging, deque, heap],
            swiftSettings: settings
        ),
        .target(
            name: "RabbitMQExchange",
            dependencies: ["Primitives", "AMQP", "AgentExchange", logging, metrics, deque, configuration],
            swiftSettings: settings
        ),
        .target(
            name: "HybridExchange",
            dependencies: ["Primitives", "AgentExchange", "RabbitMQExchange", logging, deque, configuration] + sockets,
            swiftSettings: settings
        ),
        .target(
            name: "Agents",
            dependencies: ["Primitives", "AgentExchange", logging, deque, lifecycle],
            swiftSettings: settings
        ),
        .macro(name: "AgentMacrosPlugin", dependencies: syntax, swiftSettings: settings),
        .target(
            name: "AgentMacros",
            dependencies: ["Agents", "AgentExchange", "AgentMacrosPlugin"],
            swiftSettings: settings
        ),
        .target(
            name: "WorkerRuntime",
            dependencies: ["Primitives", "AgentExchange", logging, deque, lifecycle, protobuf, tracing],
            swiftSettings: settings
        ),
        .target(
            name: "AutoGenProtocol",
            dependencies: [protobuf],
            exclude: ["Definitions", "generate.sh"],
            swiftSettings: settings
        ),
        .target(
            name: "AutoGenMessages",
            dependencies: ["AgentExchange", "WorkerRuntime", "AutoGenProtocol", protobuf],
            swiftSettings: settings
        ),
        .target(
            name: "AutoGenHost",
            dependencies: [
                "Primitives", "AgentExchange", "WorkerRuntime", "AutoGenProtocol", "AutoGenMessages", logging, metrics,
                deque, protobuf,
            ] + grpc,
            swiftSettings: settings
        ),
        .target(
            name: "ExchangeConformance",
            dependencies: ["Primitives", "AgentExchange", logging],
            swiftSettings: settings
        ),
        .target(name: "ExchangeTestKit", dependencies: [logging], swiftSettings: settings),
        .executableTarget(
            name: "warren",
            dependencies: [
                "Primitives", "AgentExchange", "Agents", "RabbitMQExchange", "HybridExchange", "AMQP",
                "ExchangeConformance", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + web,
            // A program that is installed alone has no folder beside it.
            resources: ["page.html", "style.css", "script.js", "icon.svg"].map { .embedInCode("Dashboard/Page/\($0)") },
            swiftSettings: settings
        ),
        .executableTarget(
            name: "warren-autogen-host",
            dependencies: [
                "Primitives", "AgentExchange", "InProcessExchange", "RabbitMQExchange", "AutoGenHost", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "log-count",
            dependencies: ["AgentExchange", "InProcessExchange", "RabbitMQExchange", logging],
            path: "examples/log-count",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "hello",
            dependencies: ["Agents", "AgentExchange", "InProcessExchange", "RabbitMQExchange"],
            path: "examples/hello",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "actor-client",
            dependencies: ["Agents", "AgentExchange", "InProcessExchange", "RabbitMQExchange"],
            path: "examples/actor-client",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "agent-loop",
            dependencies: ["Agents", "AgentExchange", "InProcessExchange", "RabbitMQExchange"],
            path: "examples/agent-loop",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "later",
            dependencies: ["Agents", "AgentExchange", "InProcessExchange", "RabbitMQExchange"],
            path: "examples/later",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "agent-to-agent",
            dependencies: ["Agents", "AgentExchange", "InProcessExchange", "RabbitMQExchange"],
            path: "examples/agent-to-agent",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "discovery",
            dependencies: ["Agents", "AgentExchange", "InProcessExchange", "RabbitMQExchange"],
            path: "examples/discovery",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "processes",
            dependencies: ["Agents", "AgentExchange", "InProcessExchange", "RabbitMQExchange"],
            path: "examples/processes",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "till",
            dependencies: ["AgentMacros", "Agents", "AgentExchange", "RabbitMQExchange"],
            path: "examples/till",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "log-triage",
            dependencies: ["Agents", "AgentExchange", "RabbitMQExchange"],
            path: "examples/log-triage",
            exclude: ["README.md", "sample.log"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "autogen-team",
            dependencies: ["AgentExchange", "RabbitMQExchange", "WorkerRuntime"],
            path: "examples/autogen-team",
            exclude: ["README.md", "worker.py"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ExamplesTests",
            dependencies: [
                "hello", "actor-client", "agent-loop", "later", "agent-to-agent", "discovery", "processes", "till",
                "log-triage",
                "log-count", "autogen-team", "ExchangeTestKit",
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "PrimitivesTests", dependencies: ["Primitives", "ExchangeTestKit"], swiftSettings: settings),
        .testTarget(
            name: "AMQPTests",
            dependencies: ["Primitives", "AMQP", "ExchangeTestKit", logging],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AgentExchangeTests",
            dependencies: ["AgentExchange", "ExchangeTestKit"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AgentsTests",
            dependencies: [
                "Agents", "InProcessExchange", "RabbitMQExchange", "ExchangeTestKit", "agent-service", logging,
                lifecycle,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AgentMacrosTests",
            dependencies: ["AgentMacros", "AgentExchange", "InProcessExchange", "ExchangeTestKit"],
            exclude: ["Mistakes"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "WorkerRuntimeTests",
            dependencies: [
                "AgentExchange", "Agents", "WorkerRuntime", "InProcessExchange", "RabbitMQExchange", "ExchangeTestKit",
                "worker-process", logging, protobuf,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "worker-process",
            dependencies: ["AgentExchange", "RabbitMQExchange", "WorkerRuntime"],
            path: "Tests/WorkerProcess",
            swiftSettings: settings
        ),
        .testTarget(
            name: "AutoGenHostTests",
            dependencies: [
                "AgentExchange", "InProcessExchange", "RabbitMQExchange", "WorkerRuntime", "AutoGenProtocol",
                "AutoGenHost", "AutoGenMessages", "warren-autogen-host",
                "ExchangeTestKit", logging, protobuf, tracing,
                .product(
                    name: "InMemoryTracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Tracing"])
                ),
            ] + grpc,
            swiftSettings: settings
        ),
        .executableTarget(
            name: "autogen-peer",
            dependencies: ["AgentExchange", "InProcessExchange", "WorkerRuntime", "AutoGenHost", protobuf],
            path: "Tests/AutoGen/Peer",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "agent-service",
            dependencies: [
                "AgentExchange", "Agents", "RabbitMQExchange", logging, lifecycle,
                .product(
                    name: "UnixSignals",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
            ],
            path: "Tests/AgentService",
            swiftSettings: settings
        ),
        .testTarget(
            name: "InProcessExchangeTests",
            dependencies: ["InProcessExchange", "ExchangeConformance", "ExchangeTestKit"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HybridExchangeTests",
            dependencies: [
                "HybridExchange", "RabbitMQExchange", "AgentExchange", "ExchangeConformance", "ExchangeTestKit",
                "Primitives", logging, metrics, tracing,
                configuration,
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(
                    name: "InMemoryTracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Tracing"])
                ),
            ] + sockets,
            swiftSettings: settings
        ),
        .executableTarget(
            name: "agent-process",
            dependencies: ["AgentExchange", "RabbitMQExchange", "HybridExchange", logging],
            path: "Tests/AgentProcess",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "AMQP", "AgentExchange", "RabbitMQExchange", "HybridExchange", "AutoGenMessages", "ExchangeTestKit",
                configuration,
            ],
            path: "Tests/Fuzzing",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "soak",
            dependencies: ["AgentExchange", "RabbitMQExchange", "HybridExchange", "ExchangeTestKit", logging],
            path: "Tests/Soak",
            swiftSettings: settings
        ),
        .target(name: "ChaosLedger", path: "Tests/ChaosLedger", swiftSettings: settings),
        .executableTarget(
            name: "chaos",
            dependencies: [
                "ChaosLedger", "AgentExchange", "RabbitMQExchange", "HybridExchange", "WorkerRuntime",
                "ExchangeTestKit",
                logging,
            ],
            path: "Tests/Chaos",
            swiftSettings: settings
        ),
        .testTarget(name: "ChaosTests", dependencies: ["ChaosLedger", "ExchangeTestKit"], swiftSettings: settings),
        .testTarget(
            name: "RabbitMQExchangeTests",
            dependencies: [
                "Primitives", "RabbitMQExchange", "HybridExchange", "AMQP", "ExchangeConformance", "ExchangeTestKit",
                logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ObservabilityTests",
            dependencies: [
                "AMQP", "AgentExchange", "InProcessExchange", "RabbitMQExchange", "WorkerRuntime", "ExchangeTestKit",
                "warren", logging, metrics, tracing,
                configuration,
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(
                    name: "InMemoryTracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Tracing"])
                ),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "WarrenCommandTests",
            dependencies: [
                "warren", "RabbitMQExchange", "AgentExchange", "AMQP", "ExchangeTestKit", "worker-process", logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "ExchangeTestKitTests", dependencies: ["ExchangeTestKit"], swiftSettings: settings),
    ]
)

// The plugin that makes the documentation; users of the package do not fetch it.
if Context.environment["WARREN_DOCS"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"))
}
