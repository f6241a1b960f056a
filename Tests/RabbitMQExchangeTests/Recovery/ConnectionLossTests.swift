import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Connections that are lost")
    struct ConnectionLossTests {
        @Test("Resets under load: every request is answered once, and worked on once", arguments: kinds)
        func resets(_ kind: MailboxKind) async throws {
            let troupe = try await Troupe(kind)
            try await troupe.expectAnswers {
                for round in 1...6 {
                    let proxy = round % 2 == 0 ? troupe.userProxy : troupe.agentProxy
                    let connections = proxy.statistics.accepted
                    try await proxy.resetConnections()
                    try await proxy.statistics(timeout: .seconds(20)) { $0.accepted >= connections + 2 }
                    let answers = troupe.begun.value.count
                    try await troupe.begun.wait(for: "work after a reset", timeout: .seconds(30)) {
                        $0.count > answers + 5 ? true : nil
                    }
                }
            }
            await troupe.close()
        }

        @Test(
            "Bytes that vanish in one direction or both: noticed by the heartbeat, nothing lost",
            arguments: [FaultProxy.Directions.both, .toTarget, .toClient]
        )
        func drops(_ directions: FaultProxy.Directions) async throws {
            let troupe = try await Troupe()
            try await troupe.expectAnswers {
                for proxy in [troupe.userProxy, troupe.agentProxy] {
                    let connections = proxy.statistics.accepted
                    try await proxy.set(.drop(directions))
                    // Both connections are given up, and new ones tried, which vanish too.
                    try await proxy.statistics(timeout: .seconds(30)) { $0.accepted >= connections + 2 }
                    try await proxy.set(.pass)
                    try await proxy.resetConnections()
                    let answers = troupe.begun.value.count
                    try await troupe.begun.wait(for: "work after silence", timeout: .seconds(40)) {
                        $0.count > answers + 5 ? true : nil
                    }
                }
            }
            await troupe.close()
        }

        @Test("While nothing happens: the next call works, a receiver only waits, and a watch has no gap and no double")
        func idle() async throws {
            let troupe = try await Troupe()
            _ = try await troupe.ask(1)
            let changes = Monitor<[String]>([])
            let watch = try await troupe.user.transport.changes(typeNamed: Troupe.type.name, allowSubtypes: true)
            let watching = Task {
                for try await change in watch {
                    changes.update { list in
                        switch change {
                        case .snapshot(let agents): list.append("snapshot \(agents.count)")
                        case .registered(let agent): list.append("+\(agent.agentID.name ?? "")")
                        case .terminated(let agent): list.append("-\(agent.agentID.name ?? "")")
                        }
                    }
                }
            }
            try await troupe.userProxy.set(.refuse)
            try await troupe.userProxy.resetConnections()
            // Somebody else registers and terminates meanwhile.
            let other = try await troupe.scene.user("other")
            let first = try await other.registerAgent(Troupe.type, name: "first")
            _ = try await other.registerAgent(Troupe.type, name: "second")
            try await other.terminate(.agent(first.agentID))
            try await troupe.userProxy.set(.pass)
            try await changes.wait(for: "the changes", timeout: .seconds(30)) { $0.count >= 4 ? true : nil }
            #expect(changes.value == ["snapshot 1", "+first", "+second", "-first"])
            #expect(try await troupe.ask(2) == 4)
            watching.cancel()
            let lines = troupe.scene.log.entries.filter {
                $0.message == "a connection to the broker was lost; it is made again"
            }
            #expect(lines.count == 2, "one for each connection, none for each attempt")
            await other.close()
            await troupe.close()
        }

        @Test("Requests of one sender to one mailbox begin in the order in which they were sent, across resets")
        func order() async throws {
            let troupe = try await Troupe()
            let tags = Monitor<[UUID: Int]>([:])
            let receiver = try await troupe.scene.exchange("agent").makeAgentTransport(
                try await troupe.user.registerAgent(AgentType("Listener"))
            )
            let received = Monitor<[Int]>([])
            let receiving = Task {
                for try await message in receiver.messages {
                    guard case .request(let request) = message else { continue }
                    received.update { $0.append(tags.value[request.tag] ?? 0) }
                    try await receiver.send(.response(request.response()))
                }
            }
            let transport = troupe.user.transport
            let sending = Task {
                for number in 1...1500 {
                    let request = try Request(from: transport.mailboxID, to: receiver.mailboxID, .ping)
                    tags.update { $0[request.tag] = number }
                    try await transport.send(.request(request))
                }
            }
            for target in [200, 500, 800, 1100] {
                try await received.wait(for: "\(target) requests", timeout: .seconds(60)) {
                    $0.count >= target ? true : nil
                }
                try await troupe.userProxy.resetConnections()
                if target == 800 { try await troupe.agentProxy.resetConnections() }
            }
            try await sending.value
            try await received.wait(for: "all requests", timeout: .seconds(60)) { $0.count >= 1500 ? true : nil }
            #expect(received.value == Array(1...1500))
            await receiver.close()
            _ = try? await receiving.value
            await troupe.close()
        }

        /// In order first: a broker that is killed within seconds after it made its first stream never finds it again.
        @Test("The broker is shut down and started again, and killed and started again: everything goes on")
        func restart() async throws {
            let broker = try await PrivateBroker.borrow()
            let troupe = try await Troupe(on: broker) { $0.operationTimeout = .seconds(60) }
            let states = Monitor<[ConnectionState]>([])
            let exchange = try troupe.scene.exchange("user")
            let reading = Task {
                for await state in exchange.connectionStates { states.update { $0.append(state) } }
            }
            try await troupe.expectAnswers { try await broker.restart() }
            try await troupe.expectAnswers {
                try await broker.kill()
                try await broker.restart()
            }
            // Two losses are told as one when what was lost first is not all there before the second.
            try await states.wait(for: "the states", timeout: .seconds(30)) {
                $0.count >= 3 && $0.last == .connected ? true : nil
            }
            #expect(exchange.connectionState == .connected)
            await troupe.close()
            try await states.wait(for: "the end", timeout: .seconds(10)) { $0.last == .idle ? true : nil }
            reading.cancel()
            #expect(states.value.first == .connected)
            #expect(states.value.contains(.reconnecting(.connectionLost)))
            await broker.giveBack()
        }

        @Test("A broker that is stopped for longer than two heartbeats, and goes on")
        func frozen() async throws {
            let broker = try await PrivateBroker.borrow()
            let troupe = try await Troupe(on: broker) { $0.operationTimeout = .seconds(60) }
            try await troupe.expectAnswers {
                try await broker.pause()
                try await eventually("both sessions to notice", timeout: .seconds(20)) {
                    troupe.scene.log.entries.filter { $0.message.contains("was lost") }.count >= 4
                }
                try await broker.resume()
            }
            await troupe.close()
            await broker.giveBack()
        }

        @Test("Of several addresses those that are dead are passed by, at first and when reconnecting")
        func addresses() async throws {
            let scene = try await Troupe()
            let dead = try FaultProxy(targetPort: scene.scene.broker.port)
            try await dead.set(.stall)
            let living = try FaultProxy(targetPort: scene.scene.broker.port)
            var many = scene.scene
            many.configuration.operationTimeout = .seconds(6)
            many.urls["many"] =
                "amqp://guest:guest@127.0.0.1:1,127.0.0.1:\(dead.listenPort),127.0.0.1:\(living.listenPort)"
            let user = try await many.user("many")
            let handle = user.handle(to: scene.agent.registration.agentID)
            _ = try await handle.ping()
            try await living.resetConnections()
            _ = try await handle.ping(timeout: .seconds(30))
            await user.close()
            await dead.stop()
            await living.stop()
            await scene.close()
        }

        @Test("Calls end by their deadline while there is no connection, and say whether the message may have gone")
        func deadlines() async throws {
            let troupe = try await Troupe { $0.operationTimeout = .seconds(2) }
            _ = try await troupe.ask(1)
            try await troupe.userProxy.set(.reset)
            try await troupe.userProxy.resetConnections()
            // Before that a message is written to a connection that is gone.
            let session = try #require(troupe.user.session)
            try await eventually("the loss to be noticed") { !session.link.publisher.isConnected }
            let transport = troupe.user.transport
            let request = try Request(from: transport.mailboxID, to: .agent(troupe.agent.registration.agentID), .ping)
            let sending = await outcome { try await transport.send(.request(request)) }
            #expect(sending.error?.code == .deadlineExceeded)
            #expect(sending.error?.delivery == .notSent)
            #expect(sending.duration > .seconds(1.5) && sending.duration < .seconds(4))
            let looking = await outcome {
                _ = try await transport.status(of: .agent(troupe.agent.registration.agentID))
            }
            #expect(looking.error?.code == .deadlineExceeded)
            #expect(looking.duration < .seconds(4))
            let cancelled = Task { await outcome { try await transport.send(.request(request)) } }
            cancelled.cancel()
            let ending = await cancelled.value
            #expect(ending.error?.code == .cancelled)
            #expect(ending.duration < .seconds(1))
            let start = ContinuousClock.now
            await troupe.user.close()
            #expect(start.duration(to: .now) < .seconds(12))
            await troupe.close()
        }
    }
}
