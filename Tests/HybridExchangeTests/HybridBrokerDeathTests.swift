#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "A broker that is killed while requests go directly",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridBrokerDeathTests {
        /// The step of a direct request at which the broker dies.
        enum Step: CaseIterable {
            /// The request is on the socket, and the agent reads it when the broker has died.
            case written
            /// The same, but the agent reads it when the broker is back and its lease is over.
            case unread
            /// It is in the agent's inbox, and the requester knows. The action ends before the broker is back.
            case taken
            /// The action runs until the broker is back.
            case running
            /// The action has run, and its answer is lost on the socket.
            case answered
        }

        /// The number of requests at each step.
        fileprivate static let count = 4

        @Test(
            "Requests at each step are answered, and none runs twice",
            .enabled(if: LongForm.isWanted, "a broker is started three times: make test-long"),
            arguments: [DirectConfiguration.Durability.requester, .broker]
        )
        func steps(_ durability: DirectConfiguration.Durability) async throws {
            let broker = try await PrivateBroker.borrow()
            var plays: [Play] = []
            for step in Step.allCases { plays.append(try await Play(step, on: broker, durability)) }
            // A lone broker that is killed within seconds after a mailbox was made may lose it: docs/guarantees.md.
            try await broker.restart()
            for play in plays { try await play.begin() }
            try await broker.kill()
            for play in plays { try await play.goOn() }
            try await broker.restart()
            for play in plays { try await play.end() }
            await broker.giveBack()
        }

        /// An agent in a process of its own, with requests at one step.
        private final class Play: Sendable {
            let step: Step
            private let scene: HybridScene
            private let proxy: FaultProxy
            private let agent: ChildProcess
            private let user: UserExchangeClient
            private let handle: RemoteHandle
            private let calls = Monitor<[Task<Int, any Error>]>([])
            /// The lines of the agent.
            private let said = Monitor<[String]>([])

            init(_ step: Step, on broker: PrivateBroker, _ durability: DirectConfiguration.Durability) async throws {
                self.step = step
                (scene, proxy) = try await HybridScene.proxied(on: broker, durability: durability) {
                    // Longer than a broker takes to start on a busy machine.
                    $0.operationTimeout = .seconds(90)
                }
                let registration = try await scene.caller.registration(
                    named: UUID().uuidString,
                    type: AgentType("Echo")
                )
                agent = try await scene.serve(registration)
                user = try await scene.user()
                handle = user.handle(to: registration.agentID)
            }

            /// Sends requests and brings them to the step.
            func begin() async throws {
                try await scene.riseToAgent(handle)
                switch step {
                case .written, .unread: try await agent.pause()
                case .answered: try await proxy.set(.drop(.toClient))
                case .taken, .running: break
                }
                let action = step == .taken || step == .running ? "wait" : "count"
                calls.update { [handle] calls in
                    calls = (1...HybridBrokerDeathTests.count).map { number in
                        Task {
                            try await handle.action(
                                action,
                                ActionArguments(number),
                                returning: Int.self,
                                deadline: .seconds(150)
                            )
                        }
                    }
                }
                switch step {
                case .written, .unread:
                    try await eventually("written requests") {
                        await self.scene.caller.directPeers.contains { $0.unanswered >= HybridBrokerDeathTests.count }
                            ? true : nil
                    }
                case .taken: _ = try await handle.ping()
                case .running, .answered:
                    for _ in 1...HybridBrokerDeathTests.count { try await line { $0.hasPrefix("ran ") } }
                    if step == .answered {
                        // An answer has some 50 bytes; those that are written together have one acknowledgement.
                        try await proxy.statistics { $0.bytesDropped > 45 * HybridBrokerDeathTests.count }
                    }
                }
            }

            /// Lets the requests go on without a broker.
            func goOn() async throws {
                switch step {
                case .written: agent.signal(SIGCONT)
                case .taken:
                    try agent.write("open")
                    // Their answers need no broker.
                    try await expectAnswers()
                case .running, .unread: break
                case .answered:
                    try await proxy.set(.pass)
                    try await proxy.resetConnections()
                }
            }

            /// Waits for the answers, and for another direct way.
            func end() async throws {
                if step == .running { try agent.write("open") }
                if step == .unread { agent.signal(SIGCONT) }
                try await expectAnswers()
                try await scene.riseToAgent(handle)
                agent.closeInput()
                let rest = try await agent.remainingOutput()
                let lines = said.value + rest.split(separator: "\n").map(String.init)
                for number in 1...HybridBrokerDeathTests.count {
                    // What the broker had handed out comes again as another attempt.
                    #expect(lines.filter { $0.hasPrefix("ran \(number) ") }.count == 1, "\(step)")
                }
                await user.close()
                await proxy.stop()
            }

            private func expectAnswers() async throws {
                for (index, call) in calls.value.enumerated() { #expect(try await call.value == index + 1, "\(step)") }
            }

            private func line(where isMeant: (String) -> Bool) async throws {
                _ = try await agent.line(timeout: .seconds(30)) { line in
                    said.update { $0.append(line) }
                    return isMeant(line)
                }
            }
        }
    }
#endif
