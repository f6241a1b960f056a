import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Requests that the broker keeps from one time to the next")
    struct SeriesTests {
        @Test("A series is one message; its end leaves none, and no dead letter", arguments: kinds)
        func objects(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let runs = Monitor<[Request]>([])
            let agent = try await scene.exchange("agent").makeAgentClient(registration, requestHandler: runs.handler)
            let handle = user.handle(to: registration.agentID)
            _ = try await handle.action("note")
            try await handle.schedule("tick", every: .seconds(1), named: "clock")
            try await eventually("two requests of the series", value: { runs.value.count }) { $0 == 3 }
            try await handle.cancelSeries(named: "clock")
            let mailbox = "agent.\(registration.agentID.uuid.lowercased)"
            try await scene.expectDelayed(0)
            for queue in [mailbox, "unanswered", "parked"] { try await scene.expectLoad(.empty, of: queue) }
            #expect(runs.value.map { $0.series?.name } == [nil, "clock", "clock"])
            #expect(Set(runs.value.map(\.principal)).count == 1, "\(runs.value.map(\.principal))")
            // Its termination ends a series that goes on.
            try await handle.schedule("tick", every: .seconds(1), named: "clock")
            try await user.terminate(registration.agentID)
            try await scene.expectDelayed(0)
            for queue in ["unanswered", "parked"] { try await scene.expectLoad(.empty, of: queue) }
            await agent.close()
            await user.close()
        }

        @Test(
            "A series survives its requester, its agent and the broker, and comes once at each time",
            .enabled(if: LongForm.isWanted, "it takes half a minute: make test-long")
        )
        func survives() async throws {
            let broker = try await PrivateBroker.start()
            let scene = try await Scene(on: broker) { $0.connectPatience = .seconds(30) }
            try await scene.keepStreams(of: broker)
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let runs = Monitor<[Request]>([])
            let agent = try await scene.exchange("agent").makeAgentClient(registration, requestHandler: runs.handler)
            let first = Date.after(.seconds(3))
            try await user.handle(to: registration.agentID).schedule(
                "tick",
                every: .seconds(3),
                named: "clock",
                from: first
            )
            try await eventually("a request", value: { runs.value.count }) { $0 == 1 }
            try await scene.expectDelayed(1)
            await agent.close()
            await user.close()
            try await broker.kill()
            try await broker.restart()
            let later = Monitor<[Request]>([])
            let next = try await scene.exchange("next").makeAgentClient(registration, requestHandler: later.handler)
            try await eventually("three requests", timeout: .seconds(60), value: { later.value.count }) { $0 >= 3 }
            let times = later.value.compactMap(\.notBefore)
            for (earlier, time) in zip(times, times.dropFirst()) {
                #expect(time.timeIntervalSince(earlier) > 2.9, "\(times)")
            }
            let other = try await scene.user("other")
            try await other.handle(to: registration.agentID).cancelSeries(named: "clock")
            try await scene.expectDelayed(0)
            await next.close()
            await other.close()
            await broker.stop()
        }

        @Test("A broker that can't be reached when a request ends does not end the series", arguments: kinds)
        func outage(_ kind: MailboxKind) async throws {
            var scene = try await Scene(kind) {
                $0.reconnectDelay = .milliseconds(50)
                $0.maximumReconnectDelay = .seconds(1)
            }
            let proxy = try FaultProxy(targetPort: scene.broker.port)
            scene.urls["agent"] = "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)"
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let runs = Monitor<[Request]>([])
            let goesOn = Monitor(false)
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                guard case .action = request.body else { return request.response() }
                runs.update { $0.append(request) }
                _ = try await goesOn.wait(for: "the release", timeout: .seconds(60)) { $0 ? true : nil }
                return request.response()
            }
            let handle = user.handle(to: registration.agentID)
            try await handle.schedule("tick", every: .seconds(1), named: "clock", from: .now)
            _ = try await runs.wait(for: "a request", timeout: .seconds(30)) { $0.isEmpty ? nil : true }
            let connections = proxy.statistics.accepted
            try await proxy.set(.reset)
            // The handler ends while its agent has no broker.
            goesOn.update { $0 = true }
            try await proxy.statistics(timeout: .seconds(20)) { $0.accepted >= connections + 4 }
            try await proxy.set(.pass)
            try await eventually("more requests", timeout: .seconds(60), value: { runs.value.count }) { $0 >= 4 }
            try await handle.cancelSeries(named: "clock", deadline: .seconds(30))
            try await scene.expectDelayed(0)
            await agent.close()
            try await user.terminate(registration.agentID)
            await user.close()
        }

        @Test("A draining agent waits for a request that is being put back")
        func draining() async throws {
            var scene = try await Scene()
            let proxy = try FaultProxy(targetPort: scene.broker.port)
            scene.urls["agent"] = "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)"
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let (began, goesOn) = (Monitor(false), Monitor(false))
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                guard case .action = request.body else { return request.response() }
                began.update { $0 = true }
                _ = try await goesOn.wait(for: "the release", timeout: .seconds(60)) { $0 ? true : nil }
                return request.response()
            }
            let handle = user.handle(to: registration.agentID)
            try await handle.schedule("tick", every: .seconds(3600), named: "clock", from: .now)
            _ = try await began.wait(for: "a request", timeout: .seconds(30)) { $0 ? true : nil }
            try await proxy.set(.stall)
            goesOn.update { $0 = true }
            // The handler has ended, or is about to, and the broker takes nothing: the whole grace passes.
            let start = ContinuousClock.now
            await agent.drain(grace: .seconds(2))
            #expect(start.duration(to: .now) >= .seconds(2))
            try await proxy.set(.pass)
            await agent.close()
            try await user.terminate(registration.agentID)
            await user.close()
        }

        @Test("A role user has a series begun in its own name, and ended")
        func roles() async throws {
            let scene = try await Scene { $0.requiresUserID = true }
            let person = try await RoleUser(.operator, in: scene)
            await (try person.exchange().makeUserClient()).close()
            let (owner, ann) = (try await RoleUser(.agentService, in: scene), try await RoleUser(.user, in: scene))
            let service = try await owner.exchange().makeUserClient()
            let registration = try await service.registerAgent(AgentType("Clerk"))
            let runs = Monitor<[Request]>([])
            let agent = try await owner.exchange().makeAgentClient(registration, requestHandler: runs.handler)
            let client = try await ann.exchange().makeUserClient()
            let handle = client.handle(to: registration.agentID)
            try await handle.schedule("tick", every: .seconds(1), named: "clock", from: .now, deadline: .seconds(60))
            try await eventually("two requests", value: { runs.value.count }) { $0 >= 2 }
            #expect(Set(runs.value.map(\.principal)) == [ann.name])
            try await handle.cancelSeries(named: "clock", deadline: .seconds(60))
            try await scene.expectDelayed(0)
            await client.close()
            await agent.close()
            try await service.terminate(registration.agentID)
            await service.close()
            for user in [ann, owner, person] { try await user.remove() }
        }

        @Test("A group has a series once, whichever member begins it, serves it and ends it")
        func group() async throws {
            let scene = try await Scene()
            let user = try await scene.user("user")
            let group = try await user.registerAgent(AgentType("Clerk"), sharing: .group)
            let runs = Monitor<[Request]>([])
            var members: [AgentExchangeClient] = []
            for name in ["first", "second", "third"] {
                members.append(try await scene.exchange(name).makeAgentClient(group, requestHandler: runs.handler))
            }
            let handle = user.handle(to: group.agentID)
            try await handle.schedule("tick", every: .seconds(1), named: "clock", from: .now)
            try await eventually("three requests", value: { runs.value.count }) { $0 >= 3 }
            try await handle.cancelSeries(named: "clock")
            try await scene.expectDelayed(0)
            let times = runs.value.compactMap(\.notBefore)
            #expect(Set(times).count == times.count, "each time once: \(times)")
            for member in members { await member.close() }
            try await user.terminate(group.agentID)
            await user.close()
        }

        @Test("A request that failed is kept, and its replay begins no series")
        func replayed() async throws {
            let scene = try await Scene()
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let runs = Monitor<[Request]>([])
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, client in
                guard case .action = request.body else { return request.response() }
                runs.update { $0.append(request) }
                let failure = Failure(.remote, "no")
                if request.series != nil {
                    try await client.transport.keepFailed(request, failure, for: .seconds(3600))
                }
                return request.error(failure)
            }
            let handle = user.handle(to: registration.agentID)
            try await handle.schedule("tick", every: .seconds(3600), named: "clock", from: .now)
            let administration = try await scene.exchange("operator").openAdministration()
            try await eventually("a kept request", value: { try await administration.failed().count }) { $0 == 1 }
            #expect(try await administration.replayFailed { _ in true } == 1)
            try await eventually("the replay", value: { runs.value.map { $0.series?.name } }) { $0 == ["clock", nil] }
            try await handle.cancelSeries(named: "clock")
            try await scene.expectDelayed(1)
            await administration.close()
            await agent.close()
            try await user.terminate(registration.agentID)
            await user.close()
        }
    }
}

extension Monitor<[Request]> {
    /// A handler that records actions, and answers everything with success.
    fileprivate var handler: RequestHandler {
        { request, _ in
            if case .action = request.body { self.update { $0.append(request) } }
            return request.response()
        }
    }
}
