import AMQP
import ExchangeTestKit
import Foundation
import Logging
import Testing

/// A namespace of one test on the broker that all tests share, and a broker user with a password to watch for.
struct ToolScene: Sendable {
    let broker: PrivateBroker
    let namespace: String
    let tool: Tool

    static let password = "s3cr3t pa55"

    init(_ broker: PrivateBroker? = nil) async throws {
        if let broker { self.broker = broker } else { self.broker = try await PrivateBroker.shared() }
        namespace = "tool-\(UUID().uuidString.prefix(8).lowercased())"
        tool = try await Self.tool(for: namespace, on: self.broker, permissions: [[".*", ".*", ".*"]])
    }

    /// The tool as a broker user of its own, who has certain permissions and topic permissions.
    static func tool(for namespace: String, on broker: PrivateBroker, permissions: [[String]]) async throws -> Tool {
        try await tool(for: namespace, on: broker, as: newUser(), permissions: permissions)
    }

    /// A name that no broker user has.
    static func newUser() -> String { "user-\(UUID().uuidString.prefix(8).lowercased())" }

    /// The same as a broker user of this name.
    static func tool(
        for namespace: String,
        on broker: PrivateBroker,
        as user: String,
        permissions: [[String]]
    ) async throws -> Tool {
        try await broker.control("add_user", user, password)
        for arguments in permissions {
            let command =
                arguments.count == 3 && permissions.first == arguments ? "set_permissions" : "set_topic_permissions"
            try await broker.control([command, user] + arguments)
        }
        var tool = Tool(secret: password)
        let encoded = password.replacing(" ", with: "%20")
        tool.environment["WARREN_BROKER"] = "amqp://\(user):\(encoded)@127.0.0.1:\(broker.port)"
        tool.environment["WARREN_NAMESPACE"] = namespace
        return tool
    }

    /// Starts a built-in agent and returns it with its id.
    func agent(_ arguments: String...) async throws -> (process: ChildProcess, id: String) {
        let process = try ChildProcess(
            try ProductsDirectory.executable("warren"),
            ["agent"] + arguments,
            environment: tool.environment
        )
        let id = try await process.nextLine(timeout: .seconds(30))
        return (process, try #require(id, "\(process.standardError)"))
    }

    /// Publishes something to an exchange of the namespace.
    func publish(_ properties: MessageProperties, _ body: String, to exchange: String, key: String) async throws {
        let publication = Publication(
            exchange: "warren.\(namespace).\(exchange)",
            routingKey: key,
            properties: properties,
            body: Data(body.utf8),
            mandatory: true
        )
        try await withChannel { try await $0.publish(publication, deadline: .after(.seconds(10))) }
    }

    /// Does something to the broker that Warren would not.
    func withChannel(_ body: (Channel) async throws -> Void) async throws {
        let configuration = try ConnectionConfiguration(url: broker.amqpURL)
        let connection = Connection(configuration: configuration, logger: Logger(label: "test"))
        try await connection.open()
        do {
            try await body(try await connection.openChannel(confirms: true, deadline: .after(.seconds(10))))
            await connection.close(timeout: .seconds(5))
        } catch {
            await connection.close(timeout: .seconds(5))
            throw error
        }
    }
}

/// Everything that needs a broker, one test at a time.
@Suite(
    "The tool on a broker",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
enum ToolTests {}

/// An agent as `--json` prints it.
struct AgentJSON: Decodable, Equatable {
    let id: String
    let name: String?
    let type: String
    let lineage: [String]
}

/// A mailbox as `--json` prints it.
struct MailboxJSON: Decodable {
    let id: String
    let role: String
    let name: String?
    let type: String?
    let state: String
    let queued: Int
    let consumers: Int
}

/// An error as `--json` prints it.
struct ErrorJSON: Decodable {
    struct Body: Decodable {
        let code: String
        let message: String
    }

    let error: Body
}
