import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

/// What the process of these tests can be asked; the program `agent-service` of this package has the same.
private struct Work: AgentInterface {
    static let typeName = "Test.Work"

    let work = Action<Int, Int>("work")
}

private struct TerminationFinisher: Agent {
    static let actions = Actions<TerminationFinisher, Work> {
        $0.on(\.work) { $1 }
    }
}

@Suite(
    "Signals to a process that runs an agent",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
struct SignalTests {
    private let scene = BrokerScene()

    static let modes: [String] = {
        #if ServiceLifecycle
            ["signals", "service"]
        #else
            ["signals"]
        #endif
    }()

    @Test(
        "SIGTERM: what runs is finished and answered, the rest stays on the broker for the next process",
        arguments: modes
    )
    func terminate(mode: String) async throws {
        let exchange = try await scene.exchange()
        let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
        let registration = try await user.registerAgent(Work.self)
        let worker = user.handle(to: registration.agentID, as: Work.self)
        let process = try ChildProcess(try ProductsDirectory.executable("agent-service"), [mode])
        let encoder = JSONEncoder()
        try process.write(String(decoding: try encoder.encode(exchange), as: UTF8.self))
        try process.write(String(decoding: try encoder.encode(registration), as: UTF8.self))
        #expect(try await process.nextLine(timeout: .seconds(30)) == "started", "\(process.standardError)")

        let answers = Monitor<[Int]>([])
        let calls = (0..<9).map { number in
            Task {
                let answer = try await worker.work(number)
                answers.update { $0.append(answer) }
            }
        }
        var taken: [Int] = []
        for _ in 0..<2 {
            let line = try #require(try await process.nextLine())
            taken.append(try #require(Int(line.dropFirst("began ".count))))
        }
        try await scene.messages(of: registration.agentID, ready: 3, unacknowledged: 6)
        process.signal(SIGTERM)
        #expect(try await process.nextLine() == "stopping")
        #expect(answers.value == [])
        try process.write("go on")
        // The two that ran are answered, and nothing else was begun.
        #expect(try await process.remainingOutput().split(separator: "\n") == ["ended"], "\(process.standardError)")
        #expect(try await process.waitForExit() == .code(0))
        let expected = taken.sorted()
        try await answers.wait(for: "the answers", timeout: .seconds(10)) { $0.sorted() == expected ? true : nil }
        try await scene.messages(of: registration.agentID, ready: 7, unacknowledged: 0)

        let next = AgentRuntime(
            TerminationFinisher(),
            registration: registration,
            exchange: exchange,
            configuration: .test()
        )
        async let run: Void = next.run()
        for call in calls { try await call.value }
        #expect(answers.value.sorted() == Array(0..<9))
        next.stop()
        try await run
        try await user.terminate(registration.agentID)
        await user.close()
    }
}
