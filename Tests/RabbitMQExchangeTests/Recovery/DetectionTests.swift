import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("How long it takes until a loss is noticed")
    struct DetectionTests {
        @Test(
            "A connection that falls silent is given up after two heartbeats, in either direction",
            arguments: [FaultProxy.Directions.both, .toTarget, .toClient]
        )
        func silence(_ directions: FaultProxy.Directions) async throws {
            // The heartbeat is 1 s.
            let troupe = try await Troupe()
            _ = try await troupe.ask(1)
            let exchange = try troupe.scene.exchange("user")
            #expect(exchange.connectionState == .connected)
            let start = ContinuousClock.now
            try await troupe.userProxy.set(.drop(directions))
            try await eventually("the loss is noticed", timeout: .seconds(20)) {
                if case .reconnecting = exchange.connectionState { true } else { false }
            }
            let duration = start.duration(to: .now)
            print("silence was noticed after \(duration)")
            // Nothing comes back from a broker that hears nothing, until that closes the connection after two heartbeats.
            #expect(duration > .milliseconds(900))
            try await troupe.userProxy.set(.pass)
            try await troupe.expectRecovered()
            await troupe.close()
        }

        @Test("States come in order, for each reader, and a reader that comes late begins with the present one")
        func states() async throws {
            let troupe = try await Troupe()
            let exchange = try troupe.scene.exchange("user")
            let states = Monitor<[ConnectionState]>([])
            let reading = Task {
                for await state in exchange.connectionStates { states.update { $0.append(state) } }
            }
            try await states.wait(for: "the first state", timeout: .seconds(5)) { $0.first == .connected ? true : nil }
            try await troupe.userProxy.set(.refuse)
            try await troupe.userProxy.resetConnections()
            try await eventually("reconnecting") { exchange.connectionState == .reconnecting(.connectionLost) }
            var late = exchange.connectionStates.makeAsyncIterator()
            #expect(await late.next() == .reconnecting(.connectionLost))
            try await troupe.userProxy.set(.pass)
            #expect(await late.next() == .connected)
            try await troupe.expectRecovered()
            #expect(states.value == [.connected, .reconnecting(.connectionLost), .connected])
            await troupe.close()
            try await states.wait(for: "the end", timeout: .seconds(10)) { $0.last == .idle ? true : nil }
            reading.cancel()
        }

        @Test(
            "A broker that is away for a minute: requests wait for it, and calls with less time end with unknown",
            .enabled(if: LongForm.isWanted, "takes minutes: make test-long")
        )
        func minute() async throws {
            try await away(for: .seconds(60))
        }

        @Test("A broker that is away for some seconds: requests wait for it, and calls with less time end with unknown")
        func seconds() async throws {
            try await away(for: .seconds(6))
        }

        private func away(for duration: Duration) async throws {
            let broker = try await PrivateBroker.borrow()
            let troupe = try await Troupe(on: broker) { $0.operationTimeout = .seconds(120) }
            _ = try await troupe.ask(0)
            let exchange = try troupe.scene.exchange("user")
            let gate = Monitor(false)
            let registration = try await troupe.user.registerAgent(AgentType("Slow"))
            let slow = try await troupe.scene.exchange("agent").makeAgentClient(registration) { request, _ in
                guard case .action = request.body else { return request.response() }
                try await gate.wait(for: "the gate", timeout: .seconds(150)) { $0 ? true : nil }
                return try request.response(encoding: 7)
            }
            let handle = troupe.user.handle(to: registration.agentID)
            // Sent before, and worked on when the broker goes.
            async let patient = handle.action("work", returning: Int.self, deadline: .seconds(170))
            async let hurried = outcome { _ = try await handle.action("work", deadline: .seconds(5)) }
            try await troupe.scene.expectLoad(
                QueueLoad(held: 2),
                of: "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            )
            try await broker.halt()
            gate.update { $0 = true }
            // Sent while nobody is there.
            async let late = troupe.ask(21, deadline: .seconds(170))
            let end = await hurried
            #expect(end.error?.code == .deadlineExceeded)
            #expect(end.error?.delivery == .unknown)
            try await Task.sleep(for: duration - .seconds(3))
            if case .reconnecting = exchange.connectionState {} else { Issue.record("\(exchange.connectionState)") }
            try await broker.restart()
            let back = ContinuousClock.now
            #expect(try await patient == 7)
            #expect(try await late == 42)
            print("after \(duration) without a broker, all was answered \(back.duration(to: .now)) after its return")
            await slow.close()
            await troupe.close()
            await broker.giveBack()
        }
    }
}
