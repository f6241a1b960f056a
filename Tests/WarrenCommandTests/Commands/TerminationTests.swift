import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension ToolTests {
    @Suite("Terminating the agent of another process")
    struct Terminations {
        /// What the agent's process does when its mailbox is terminated.
        enum Owner: CaseIterable {
            case idle, busy, killed, killedBusy

            var isBusy: Bool { self == .busy || self == .killedBusy }
            var isKilled: Bool { self == .killed || self == .killedBusy }
            /// How long a termination may take.
            var limit: Duration { isKilled ? .seconds(1) : .milliseconds(300) }
        }

        @Test(
            "Takes a moment: a living owner says that it has let go before its process ends, a dead one is not waited for",
            arguments: [MailboxKind.replicated, .single],
            Owner.allCases
        )
        func terminates(_ kind: MailboxKind, _ owner: Owner) async throws {
            let scene = try await ToolScene()
            var configuration = RabbitMQConfiguration()
            configuration.mailboxKind = kind
            let exchange = try RabbitMQExchange(
                url: scene.broker.amqpURL,
                namespace: scene.namespace,
                configuration: configuration
            )
            let user = try await exchange.makeUserClient()
            var times: [Duration] = []
            // Other work on the machine may slow some of them down: the fastest counts. None waits for an owner in vain, which takes 5 s.
            while times.count < 2 || (times.count < 6 && times.allSatisfy { $0 > owner.limit }) {
                let registration = try await user.registerAgent(AgentType("Warren.Sleeper"))
                let id = registration.agentID.uuid.uuidString.lowercased()
                let (process, _) = try await scene.agent("sleeper", "--id", id)
                let handle = user.handle(to: registration.agentID)
                let call = owner.isBusy ? Task { try await sleep(handle) } : nil
                if owner.isBusy {
                    try await eventually("the request is taken") {
                        let queues = try await scene.broker.management.queues()
                        return queues.first { $0.name.hasSuffix(id) }?.unacknowledged == 1
                    }
                }
                if owner.isKilled {
                    process.signal(SIGKILL)
                    try await process.waitForExit()
                }
                let start = ContinuousClock.now
                try await user.terminate(registration.agentID)
                times.append(start.duration(to: .now))
                if let call {
                    let error = await #expect(throws: ExchangeError.self) { try await call.value }
                    #expect(error?.code == .mailboxTerminated)
                }
                if !owner.isKilled { try await process.waitForExit() }
                let queues = try await scene.broker.management.queues()
                #expect(!queues.contains { $0.name.hasSuffix(id) })
            }
            print("\(kind), \(owner): the terminations took \(times)")
            #expect(times.contains { $0 <= owner.limit })
            #expect(times.allSatisfy { $0 < .seconds(4) })
            await user.close()
        }

        /// Runs an action that takes longer than the test.
        private func sleep(_ handle: RemoteHandle) async throws {
            _ = try await handle.action("sleep", try ActionArguments(600.0), deadline: .seconds(60))
        }
    }
}
