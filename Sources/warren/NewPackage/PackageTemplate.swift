/// The files of a package with one agent.
struct PackageTemplate: Sendable {
    let name: PackageName
    let source: WarrenSource

    /// The name of the library, which is the package's.
    var library: String { name.text }
    /// The name of the program that runs the agent.
    var service: String { name.text + "Service" }

    /// The contents by relative path.
    var files: [String: String] {
        [
            "Package.swift": manifest,
            "Sources/\(library)/Greeter.swift": agent,
            "Sources/\(service)/\(service).swift": program,
            "Tests/\(library)Tests/GreeterTests.swift": test,
            "Dockerfile": dockerfile,
            "\(library).service": unit,
            "README.md": readme,
            ".gitignore": ".build/\n",
            ".dockerignore": ".build/\n.git/\n",
        ]
    }

    private var manifest: String {
        """
        // swift-tools-version: 6.3
        import PackageDescription

        let package = Package(
            name: "\(library)",
            platforms: [.macOS(.v15)],
            dependencies: [
                \(source.dependency)
            ],
            targets: [
                .target(
                    name: "\(library)",
                    dependencies: [.product(name: "Agents", package: "\(source.identity)")]
                ),
                .executableTarget(
                    name: "\(service)",
                    dependencies: [
                        "\(library)",
                        .product(name: "AgentExchange", package: "\(source.identity)"),
                        .product(name: "Agents", package: "\(source.identity)"),
                        .product(name: "RabbitMQExchange", package: "\(source.identity)"),
                    ]
                ),
                .testTarget(
                    name: "\(library)Tests",
                    dependencies: [
                        "\(library)",
                        .product(name: "Agents", package: "\(source.identity)"),
                        .product(name: "InProcessExchange", package: "\(source.identity)"),
                    ]
                ),
            ]
        )

        """
    }

    private var agent: String {
        """
        import Agents

        /// The actions of a greeter. Callers need nothing else.
        public struct Greeter: AgentInterface {
            public let greet = Action<String, String>("greet")

            public init() {}
        }

        /// The agent.
        public actor MyGreeter: Agent {
            public static let actions = Actions<MyGreeter, Greeter> {
                $0.on(\\.greet) { await $0.greet($1) }
            }

            public init() {}

            private func greet(_ name: String) -> String { "Hello, \\(name)!" }
        }

        """
    }

    private var program: String {
        """
        import AgentExchange
        import Agents
        import Foundation
        import RabbitMQExchange
        import \(library)

        /// Serves the agent of the name until SIGTERM or SIGINT. Started several times, one process serves and the others stand by.
        @main
        struct \(service) {
            static func main() async {
                await runProgram {
                    var configuration = RabbitMQConfiguration()
                    // A service that starts together with its broker waits for it.
                    configuration.connectPatience = .seconds(60)
                    let exchange = try RabbitMQExchange(
                        url: RabbitMQExchange.environmentURL ?? "amqp://guest:guest@127.0.0.1:5672",
                        namespace: RabbitMQExchange.environmentNamespace ?? "default",
                        configuration: configuration
                    )
                    let runtime = try await AgentRuntime(MyGreeter(), named: "\(library)", exchange: exchange)
                    try await runtime.run(stoppingOn: [SIGTERM, SIGINT])
                }
            }
        }

        """
    }

    private var test: String {
        """
        import Agents
        import InProcessExchange
        import Testing
        import \(library)

        @Suite("The greeter")
        struct GreeterTests {
            @Test("A greeting has the name of the guest")
            func greets() async throws {
                try await withAgents(on: InProcessExchange()) { agents in
                    let greeter = try await agents.launch(MyGreeter(), name: "greeter")
                    #expect(try await greeter.greet("Warren") == "Hello, Warren!")
                }
            }
        }

        """
    }
}
