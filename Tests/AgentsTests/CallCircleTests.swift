import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

@Suite("Agents that call themselves")
struct CallCircleTests {
    struct Circle: AgentInterface {
        let alone = Action<String>("alone")
        let direct = Action<String>("direct")
        let stream = Action<String>("stream")
        let all = Action<String>("all")
        let echo = Action<String>("echo")
        let numbers = StreamedAction<Int>("numbers")
    }

    /// Says how its own calls ended, by the code.
    struct MyCircle: Agent {
        let ends: Monitor<[String]>

        static let actions = Actions<MyCircle, Circle> {
            $0.on(\.alone, limit: 1) { _ in await MyCircle.code { try await $0.alone(deadline: .seconds(30)) } }
            $0.on(\.direct) { _ in await MyCircle.code { try await $0.echo(deadline: .seconds(30)) } }
            $0.on(\.stream) { _ in
                await MyCircle.code { circle in
                    for try await _ in circle.numbers(deadline: .seconds(30)) {}
                    return "pulled"
                }
            }
            $0.on(\.all) { _ in
                await MyCircle.code { circle in
                    guard let context = AgentContext.current else { return "no agent" }
                    let answers = try await context.client.askAll(
                        "echo",
                        ofType: context.registration.type,
                        deadline: .seconds(30)
                    )
                    for await answer in answers { _ = try answer.result.get() }
                    return "answered"
                }
            }
            $0.on(\.echo) { _ in "echo" }
            $0.produce(\.numbers) { _, parts in try await parts.send(1) }
        }

        func started(_ context: AgentContext) async throws { await note() }

        func stopping(_ context: AgentContext) async throws { await note() }

        private func note() async {
            let code = await Self.code { try await $0.echo(deadline: .seconds(30)) }
            ends.update { $0.append(code) }
        }

        private static func code(_ call: (Handle<Circle>) async throws -> String) async -> String {
            guard let context = AgentContext.current else { return "no agent" }
            do {
                return try await call(context.handle(to: context.id))
            } catch {
                return (error as? ExchangeError)?.code.rawValue ?? "\(error)"
            }
        }
    }

    @Test("are told so at once: with a limit of the agent, of the action, in a stream, a broadcast, and in their hooks")
    func limited() async throws {
        let user = try await InProcessExchange().makeUserClient(configuration: AgentConfiguration.test().client)
        let ends = Monitor<[String]>([])
        let start = ContinuousClock.now
        let configuration = AgentConfiguration.test { $0.maximumConcurrentActions = 1 }
        let circle = try await user.launch(MyCircle(ends: ends), configuration: configuration)
        for call in [circle.handle.alone, circle.handle.direct, circle.handle.stream, circle.handle.all] {
            #expect(try await call(deadline: .seconds(30)) == "would-deadlock")
        }
        try await circle.stop()
        #expect(ends.value == ["would-deadlock", "would-deadlock"])
        #expect(start.duration(to: .now) < .seconds(10))
        await user.close()
    }

    @Test("are served as long as there is room")
    func room() async throws {
        let user = try await InProcessExchange().makeUserClient(configuration: AgentConfiguration.test().client)
        let circle = try await user.launch(MyCircle(ends: Monitor([])), configuration: .test())
        #expect(try await circle.handle.alone(deadline: .seconds(30)) == "would-deadlock")
        #expect(try await circle.handle.direct(deadline: .seconds(30)) == "echo")
        #expect(try await circle.handle.stream(deadline: .seconds(30)) == "pulled")
        try await circle.stop()
        await user.close()
    }
}
