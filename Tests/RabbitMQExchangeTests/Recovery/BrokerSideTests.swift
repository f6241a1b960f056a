import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("What goes wrong on the broker's side")
    struct BrokerSideTests {
        @Test("The queue of one agent is deleted: it ends with unavailable, the others of the session do not notice")
        func queueDeleted() async throws {
            let troupe = try await Troupe()
            _ = try await troupe.ask(0)
            let registration = try await troupe.user.registerAgent(AgentType("Other"))
            let other = try await troupe.scene.exchange("agent").makeAgentTransport(registration)
            try await troupe.expectAnswers {
                try await ForeignClient.run(in: troupe.scene) { client in
                    let queue = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
                    try await client.channel.deleteQueue(troupe.scene.name(queue), deadline: .soon)
                }
                let end = await outcome { _ = try await other.receive(timeout: .seconds(20)) }
                #expect(end.error?.code == .unavailable)
                #expect(end.error?.message == "the queue of the mailbox was deleted on the broker")
            }
            await other.close()
            await troupe.close()
        }

        @Test("A channel that the broker closes under a mailbox: what was held is not run twice")
        func channelClosed() async throws {
            let broker = try await PrivateBroker.borrow(.init(settings: ["consumer_timeout = 2000"]))
            // It looks once a minute unless told otherwise, and the setting has no name in rabbitmq.conf.
            try await broker.control("eval", "application:set_env(rabbit, channel_tick_interval, 500).")
            let scene = try await Scene(on: broker)
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Slow"))
            let gate = Gate()
            let runs = Monitor(0)
            let agent = try await scene.exchange("agent").makeAgentClient(registration) { request, _ in
                guard case .action = request.body else { return request.response() }
                runs.update { $0 += 1 }
                await gate.pass()
                return try request.response(encoding: 7)
            }
            let handle = user.handle(to: registration.agentID)
            async let answer = handle.action("work", returning: Int.self, deadline: .seconds(170))
            try await gate.waitForVisitor()
            _ = try await scene.log.entry(timeout: .seconds(60)) {
                $0.message.contains("a mailbox is not received from")
            }
            _ = try await handle.ping(timeout: .seconds(20))
            gate.open()
            #expect(try await answer == 7)
            #expect(runs.value == 1)
            await agent.close()
            await user.close()
            await broker.giveBack()
        }

        @Test("The exchange of the mailboxes is deleted: it is made again, and everything goes on")
        func exchangeDeleted() async throws {
            let troupe = try await Troupe()
            try await troupe.expectAnswers {
                _ = try await troupe.ask(0)
                for name in ["mailboxes", "replies", "agents", "dead-letters"] {
                    try await ForeignClient.run(in: troupe.scene) { client in
                        try await client.channel.deleteExchange(troupe.scene.name(name), deadline: .soon)
                    }
                    let answers = troupe.begun.value.count
                    try await troupe.begun.wait(for: "work", timeout: .seconds(30)) {
                        $0.count > answers + 5 ? true : nil
                    }
                }
            }
            let new = try await troupe.user.registerAgent(AgentType("New"))
            #expect(try await troupe.user.discover(AgentType("New")) == [new.agentID])
            await troupe.close()
        }

        @Test("A program that starts while the broker recovers its queues waits for them")
        func recovering() async throws {
            let scene = try await Scene { $0.connectPatience = .seconds(60) }
            try await scene.user("first").close()
            try await setRecovered(false, queue: scene.name("directory"), scene.broker)
            async let second = scene.user("second")
            _ = try await scene.log.entry(timeout: .seconds(60)) {
                $0.message == "the broker can't be reached yet; it is tried again"
            }
            try await setRecovered(true, queue: scene.name("directory"), scene.broker)
            let user = try await second
            let new = try await user.registerAgent(AgentType("New"))
            #expect(try await user.discover(AgentType("New")) == [new.agentID])
            await user.close()
        }

        /// Forgets or recovers a durable queue: while a broker starts, it knows of such queues and does not have them yet.
        private func setRecovered(_ isRecovered: Bool, queue: String, _ broker: PrivateBroker) async throws {
            let step =
                isRecovered
                ? "mnesia:dirty_write(rabbit_queue, hd(mnesia:dirty_read(rabbit_durable_queue, Name)))"
                : "mnesia:dirty_delete(rabbit_queue, Name)"
            let name = #"rabbit_misc:r(<<"/">>, queue, <<"\#(queue)">>)"#
            try await broker.control("eval", "Name = \(name), \(step).")
        }

        @Test("A permission is revoked: what needs it fails with forbidden and costs the others nothing")
        func permissionRevoked() async throws {
            let broker = try await PrivateBroker.borrow()
            var scene = try await Scene(on: broker)
            try await broker.control("add_user", "ann", "secret")
            try await broker.control("set_permissions", "ann", ".*", ".*", ".*")
            scene.urls["ann"] = "amqp://ann:secret@127.0.0.1:\(broker.port)"
            let user = try await scene.user("ann")
            let good = try await user.registerAgent(AgentType("Good"))
            let agent = try await scene.serve(good, "agent")
            let bad = try await user.registerAgent(AgentType("Bad"))
            _ = try await user.handle(to: good.agentID).ping()
            // She may still announce registrations, and nothing else.
            try await broker.control(
                "set_topic_permissions",
                "ann",
                scene.name("agents"),
                "^(fence|registered.*)$",
                ".*"
            )
            async let pings: [Duration] = withThrowingTaskGroup(of: Duration.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await user.handle(to: good.agentID).ping(timeout: .seconds(30)) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let ending = await outcome { try await user.terminate(.agent(bad.agentID)) }
            #expect(ending.error?.code == .forbidden, "\(String(describing: ending.error))")
            #expect(try await pings.count == 20)
            let connections = try await scene.management.connections().filter {
                $0.clientProperties["connection_name"]?.string?.hasPrefix(scene.namespace) == true
            }
            #expect(connections.count == 4, "no connection was lost")
            await agent.close()
            await user.close()
            await broker.giveBack()
        }

        @Test("A virtual host that is deleted, a password that is changed: calls fail at once, until it is mended")
        func refused() async throws {
            let broker = try await PrivateBroker.borrow()
            try await broker.control("add_vhost", "w")
            try await broker.control("add_user", "ann", "secret")
            try await broker.control("set_permissions", "-p", "w", "ann", ".*", ".*", ".*")
            var scene = try await Scene(on: broker) {
                $0.reconnectDelay = .milliseconds(50)
                $0.maximumReconnectDelay = .seconds(1)
            }
            scene.urls["ann"] = "amqp://ann:secret@127.0.0.1:\(broker.port)/w"
            let exchange = try scene.exchange("ann")
            let user = try await scene.user("ann")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration, "ann")
            _ = try await user.handle(to: registration.agentID).ping()

            try await broker.control("change_password", "ann", "other")
            try await broker.control("close_all_user_connections", "ann", "password changed")
            try await eventually("refused") { exchange.connectionState == .refused(.unauthorized) }
            let first = await outcome { _ = try await user.handle(to: registration.agentID).ping() }
            #expect(first.error?.code == .unauthorized)
            #expect(first.error?.delivery == .notSent)
            try await broker.control("change_password", "ann", "secret")
            try await eventually("connected again", timeout: .seconds(20)) { exchange.connectionState == .connected }
            _ = try await user.handle(to: registration.agentID).ping()

            try await broker.control("delete_vhost", "w")
            try await eventually("refused", timeout: .seconds(20)) {
                exchange.connectionState == .refused(.unavailable)
            }
            let second = await outcome { _ = try await user.status(of: .agent(registration.agentID)) }
            #expect(second.error?.code == .unavailable)
            try await broker.control("add_vhost", "w")
            try await broker.control("set_permissions", "-p", "w", "ann", ".*", ".*", ".*")
            try await eventually("connected again", timeout: .seconds(20)) { exchange.connectionState == .connected }
            // The old mailboxes are gone with it, and say so; new ones work.
            let gone = await outcome { _ = try await user.transport.receive(timeout: .seconds(20)) }
            #expect(gone.error?.code == .unavailable || gone.error?.code == .mailboxInUse)
            await agent.close()
            await user.close()
            let late = try await scene.user("ann")
            _ = try await late.registerAgent(AgentType("Clerk"))
            await late.close()
            await broker.giveBack()
        }

        @Test(
            "All permissions are revoked: calls fail with forbidden, also on a new connection; given back, all goes on"
        )
        func permissionsRevoked() async throws {
            let broker = try await PrivateBroker.borrow()
            var scene = try await Scene(on: broker) {
                $0.reconnectDelay = .milliseconds(50)
                $0.maximumReconnectDelay = .seconds(1)
                $0.operationTimeout = .seconds(10)
            }
            try await broker.control("add_user", "ann", "secret")
            try await broker.control("set_permissions", "ann", ".*", ".*", ".*")
            scene.urls["ann"] = "amqp://ann:secret@127.0.0.1:\(broker.port)"
            let exchange = try scene.exchange("ann")
            let user = try await scene.user("ann")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.serve(registration, "ann")
            // Somebody else, with a user of the broker of their own.
            let other = try await scene.user("guest")
            let theirs = try await other.registerAgent(AgentType("Clerk"))
            let served = try await scene.serve(theirs, "guest")
            _ = try await user.handle(to: registration.agentID).ping()
            try await broker.control("set_permissions", "ann", "^$", "^$", "^$")
            try await broker.control("close_all_user_connections", "ann", "rights were revoked")
            try await eventually("connected, with nothing to receive", timeout: .seconds(20)) {
                exchange.connectionState == .connected
            }
            let sending = await outcome { _ = try await user.handle(to: theirs.agentID).ping(timeout: .seconds(30)) }
            #expect(sending.error?.code == .forbidden, "\(String(describing: sending.error))")
            let registering = await outcome { _ = try await user.registerAgent(AgentType("Other")) }
            #expect(registering.error?.code == .forbidden, "\(String(describing: registering.error))")
            _ = try await other.handle(to: theirs.agentID).ping()
            _ = try await scene.log.entry { $0.message.contains("a mailbox is not received from") }
            try await broker.control("set_permissions", "ann", ".*", ".*", ".*")
            try await eventually("all goes on", timeout: .seconds(20)) {
                try await user.handle(to: registration.agentID).ping(timeout: .seconds(2)) > .zero
            }
            await served.close()
            await other.close()
            await agent.close()
            await user.close()
            await broker.giveBack()
        }
    }
}
