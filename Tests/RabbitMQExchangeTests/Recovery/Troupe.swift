import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

/// A user and an agent, each behind a proxy of its own, and a count of what the agent did.
struct Troupe: Sendable {
    var scene: Scene
    let userProxy: FaultProxy
    let agentProxy: FaultProxy
    let user: UserExchangeClient
    let agent: AgentExchangeClient
    /// The numbers that the agent was asked for, in the order in which it began with them.
    let begun: Monitor<[Int]>
    private let asked = Monitor(0)
    /// When the last answer came, and the longest time without one while somebody was asking.
    private let pace = Monitor<(last: ContinuousClock.Instant?, longest: Duration)>((nil, .zero))

    static let type = AgentType("Clerk")

    /// Sessions that notice a silent peer after 2 s and reconnect within a second.
    ///
    /// - Parameter urls: Where the sessions `user` and `agent` connect, when that is not their proxy.
    init(
        _ kind: MailboxKind = .replicated,
        on broker: PrivateBroker? = nil,
        urls: [String: String] = [:],
        configure: (inout RabbitMQConfiguration) -> Void = { _ in }
    ) async throws {
        var scene = try await Scene(kind, on: broker) {
            $0.heartbeat = .seconds(1)
            $0.operationTimeout = .seconds(30)
            $0.reconnectDelay = .milliseconds(50)
            $0.maximumReconnectDelay = .seconds(1)
            configure(&$0)
        }
        userProxy = try FaultProxy(targetPort: scene.broker.port)
        agentProxy = try FaultProxy(targetPort: scene.broker.port)
        scene.urls["user"] = "amqp://guest:guest@127.0.0.1:\(userProxy.listenPort)"
        scene.urls["agent"] = "amqp://guest:guest@127.0.0.1:\(agentProxy.listenPort)"
        scene.urls.merge(urls) { $1 }
        self.scene = scene
        user = try await scene.user("user")
        let begun = Monitor<[Int]>([])
        self.begun = begun
        let registration = try await user.registerAgent(Self.type)
        agent = try await scene.exchange("agent").makeAgentClient(
            registration,
            configuration: ClientConfiguration(logger: scene.log.logger)
        ) { request, _ in
            guard case .action(_, let arguments) = request.body else { return request.response() }
            let number = try arguments.decode(Int.self)
            begun.update { $0.append(number) }
            return try request.response(encoding: number * 2)
        }
    }

    var handle: RemoteHandle { user.handle(to: agent.registration.agentID) }

    /// Asks the agent for the double of a number.
    func ask(_ number: Int, deadline: Duration = .seconds(60)) async throws -> Int {
        try await handle.action("double", ActionArguments(number), returning: Int.self, deadline: deadline)
    }

    /// Asks for many numbers, several at a time, while `body` makes trouble, and after that until 20 more were answered.
    /// Every answer must be right and every number be worked on once.
    ///
    /// - Returns: The longest time without an answer.
    @discardableResult
    func expectAnswers(width: Int = 8, while body: () async throws -> Void) async throws -> Duration {
        pace.update { $0 = (nil, .zero) }
        let isOver = Monitor(false)
        let asking = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<width {
                    group.addTask {
                        while !isOver.value {
                            let number = asked.update { count in
                                count += 1
                                return count
                            }
                            let answer = try await ask(number)
                            #expect(answer == number * 2)
                            answered()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        do {
            try await body()
            let before = asked.value
            try await asked.wait(for: "more answers", timeout: .seconds(60)) { $0 >= before + 20 ? true : nil }
        } catch {
            isOver.update { $0 = true }
            asking.cancel()
            // Why there were no more answers, where somebody was told.
            if case .failure(let reason) = await asking.result { Issue.record(reason) }
            throw error
        }
        isOver.update { $0 = true }
        try await asking.value
        let count = asked.value
        #expect(begun.value.filter { $0 > 0 }.sorted() == Array(1...count), "each was worked on once")
        return pace.value.longest
    }

    private func answered() {
        pace.update { pace in
            let now = ContinuousClock.now
            if let last = pace.last { pace.longest = max(pace.longest, last.duration(to: now)) }
            pace.last = now
        }
    }

    /// Waits until both sessions are connected again and have their consumers.
    func expectRecovered(timeout: Duration = .seconds(30)) async throws {
        try await eventually("an answer", timeout: timeout) { try await ask(0) == 0 }
    }

    func close() async {
        await agent.close()
        await user.close()
        await userProxy.stop()
        await agentProxy.stop()
    }
}
