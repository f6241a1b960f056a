import AgentExchange
import ExchangeTestKit
import Foundation
import HybridExchange
import Logging
import RabbitMQExchange

/// What the soak does, over and over: requests, registrations, terminations, connections.
struct Load: Sendable {
    let broker: PrivateBroker
    /// Whether callers and agents talk directly.
    let isHybrid: Bool
    let namespace = "soak"
    let counts = Monitor(Counts())

    /// How often each thing was done.
    struct Counts: Sendable {
        var requests = 0
        var registrations = 0
        var terminations = 0
        var connections = 0
        var streams = 0
        var failures: [String] = []
    }

    func exchange(_ session: String) throws -> any ExchangeFactory {
        var configuration = RabbitMQConfiguration()
        configuration.connectionName = "soak \(session)"
        var logger = Logger(label: "soak")
        logger.logLevel = .warning
        let exchange = try RabbitMQExchange(
            url: broker.amqpURL,
            namespace: namespace,
            configuration: configuration,
            logger: logger
        )
        #if Hybrid
            if isHybrid {
                return try HybridExchange(
                    over: exchange,
                    direct: DirectConfiguration(listen: [.tcp(.address("127.0.0.1"))])
                )
            }
        #endif
        return exchange
    }

    /// Runs until the task is cancelled.
    func run() async throws {
        let user = try await exchange("callers").makeUserClient()
        let registration = try await user.registerAgent(AgentType("Steady"))
        let agent = try await exchange("agents").makeAgentClient(registration, requestHandler: Self.serve)
        await withDiscardingTaskGroup { group in
            for size in [10, 1000, 10_000, 100_000] {
                group.addTask { await self.call(user, registration.agentID, bytes: size) }
            }
            group.addTask { await self.registerAndTerminate(user) }
            group.addTask { await self.comeAndGo(registration.agentID) }
        }
        await agent.close()
        try await user.terminate(registration.agentID)
        await user.close()
    }

    @Sendable
    private static func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        guard case .action(_, let arguments) = request.body else { return request.response() }
        return request.response(arguments.payload)
    }

    private func call(_ user: UserExchangeClient, _ agent: AgentID, bytes: Int) async {
        let handle = user.handle(to: agent)
        await forever {
            _ = try await handle.action("echo", try ActionArguments(String(repeating: "x", count: bytes)))
            counts.update { $0.requests += 1 }
        }
    }

    private func registerAndTerminate(_ user: UserExchangeClient) async {
        await forever {
            let registration = try await user.registerAgent(AgentType("Passing"), name: "passing")
            counts.update { $0.registrations += 1 }
            let agent = try await exchange("agents").makeAgentClient(registration, requestHandler: Self.serve)
            for _ in 0..<5 { _ = try await user.handle(to: registration.agentID).ping() }
            await agent.close()
            // A request that nobody takes any more is answered by the termination.
            let waiting = Task { try? await user.handle(to: registration.agentID).ping() }
            try await user.terminate(registration.agentID)
            _ = await waiting.value
            counts.update { $0.terminations += 1 }
        }
    }

    private func comeAndGo(_ agent: AgentID) async {
        await forever {
            let guest = try await exchange("guest \(UUID())").makeUserClient()
            _ = try await guest.handle(to: agent).ping()
            await guest.close()
            counts.update { $0.connections += 2 }
        }
    }

    private func forever(_ body: () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                try await body()
            } catch {
                if Task.isCancelled { return }
                counts.update { $0.failures.append("\(error)") }
                if counts.value.failures.count > 100 { return }
            }
        }
    }
}
