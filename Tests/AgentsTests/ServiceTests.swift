#if ServiceLifecycle
    import AgentExchange
    import Agents
    import ExchangeTestKit
    import InProcessExchange
    import ServiceLifecycle
    import Testing

    @Suite("Agents as services", .serialized)
    struct ServiceTests {
        @Test(
            "The graceful shutdown of a service group, as on a signal, stops its agents with their grace period, and leaves their mailboxes"
        )
        func gracefulShutdown() async throws {
            let log = LogRecorder()
            let exchange = InProcessExchange()
            let user = try await exchange.makeUserClient(configuration: AgentConfiguration.test().client)
            let bells = [Bell(), Bell()]
            var runtimes: [AgentRuntime<MyDesk>] = []
            for bell in bells {
                let registration = try await user.registerAgent(Desk.self)
                runtimes.append(
                    AgentRuntime(
                        MyDesk(bell: bell),
                        registration: registration,
                        exchange: exchange,
                        configuration: .test()
                    )
                )
            }
            let group = ServiceGroup(services: runtimes, logger: log.logger)
            async let run: Void = group.run()
            for runtime in runtimes { #expect(await runtime.waitUntilReady()) }
            let call = Task { [id = runtimes[1].registration.agentID] in
                try await user.handle(to: id, as: Desk.self).wait("a")
            }
            try await bells[1].heard("began a")
            await group.triggerGracefulShutdown()
            bells[1].release("a")
            try await run
            #expect(try await call.value == "a")
            #expect(bells.map(\.events.value.last) == ["stopping", "stopping"])
            for runtime in runtimes {
                #expect(try await user.status(of: runtime.registration.agentID) == .active)
            }
            await user.close()
        }
    }
#endif
