import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("An answer that can't be sent")
    struct UnsentAnswerTests {
        private static let limit = 1 << 20

        @Test("is replaced by a small error when it is larger than the broker takes, and holds no place")
        func tooLarge() async throws {
            let broker = try await PrivateBroker.borrow(.init(settings: ["max_message_size = \(Self.limit)"]))
            for kind in BrokerTests.kinds {
                let scene = try await Scene(kind, on: broker)
                let user = try await scene.user("user")
                let registration = try await user.registerAgent(AgentType("Large"))
                let agent = try await scene.exchange("agent").makeAgentClient(
                    registration,
                    requestLimit: 1,
                    configuration: ClientConfiguration(logger: scene.log.logger)
                ) { request, _ in
                    guard case .action(let name, let arguments) = request.body else { return request.response() }
                    let size = try arguments.decode(Int.self)
                    return name == "size" ? try request.response(encoding: size) : request.response(Self.payload(size))
                }
                let handle = user.handle(to: registration.agentID)
                for _ in 0..<5 {
                    let large = await outcome {
                        try await handle.action("make", .init(2 << 20), deadline: .seconds(20))
                    }
                    #expect(large.error?.code == .messageTooLarge, "\(String(describing: large.error))")
                    #expect(large.duration < .seconds(10))
                }
                #expect(try await handle.action("size", .init(7), returning: Int.self, deadline: .seconds(20)) == 7)
                let id = registration.agentID.uuid.uuidString.lowercased()
                try await scene.expectLoad(.empty, of: "agent.\(id)")
                await agent.close()
                await user.close()
            }
            await broker.giveBack()
        }

        @Test("A request that is larger than the broker takes is refused once, and then before it is sent")
        func largeRequest() async throws {
            let broker = try await PrivateBroker.borrow(.init(settings: ["max_message_size = \(Self.limit)"]))
            let scene = try await Scene(on: broker)
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Large"))
            let handle = user.handle(to: registration.agentID)
            let large = ActionArguments(payload: Self.payload(2 << 20))
            let first = await outcome { try await handle.action("take", large, deadline: .seconds(20)) }
            #expect(first.error?.code == .messageTooLarge && first.error?.delivery == .refused, "\(first)")
            #expect(first.error?.message.contains("the broker takes \(Self.limit)") == true, "\(first)")
            #expect(user.transport.maximumMessageSize == Self.limit)
            let second = await outcome { try await handle.action("take", large, deadline: .seconds(20)) }
            #expect(second.error?.code == .messageTooLarge && second.error?.delivery == .notSent, "\(second)")
            // A publication that is tried alone is reported: this one was known by its size.
            let retried = scene.log.entries.filter { $0.message.contains("retried one by one") }
            #expect(retried.isEmpty, "\(retried)")
            await user.close()
            await broker.giveBack()
        }

        @Test("is sent when the permission to send it is back")
        func forbidden() async throws {
            let broker = try await PrivateBroker.borrow()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for kind in BrokerTests.kinds { group.addTask { try await forbidden(kind, broker) } }
                try await group.waitForAll()
            }
            await broker.giveBack()
        }

        private func forbidden(_ kind: MailboxKind, _ broker: PrivateBroker) async throws {
            let name = "ann-\(kind.rawValue)"
            var scene = try await Scene(kind, on: broker)
            try await broker.control("add_user", name, "secret")
            try await broker.control("set_permissions", name, ".*", ".*", ".*")
            scene.urls["agent"] = "amqp://\(name):secret@127.0.0.1:\(broker.port)"
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Slow"))
            let gate = Gate()
            let runs = Monitor(0)
            let agent = try await scene.exchange("agent").makeAgentClient(
                registration,
                requestLimit: 1,
                configuration: ClientConfiguration(logger: scene.log.logger)
            ) { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "wait" { await gate.pass() }
                let run = runs.update { runs in
                    runs += 1
                    return runs
                }
                return try request.response(encoding: run)
            }
            let handle = user.handle(to: registration.agentID)
            // Its deadline passes while nothing can be sent: the broker has it back then, and it is answered.
            async let short = outcome { try await handle.action("wait", returning: Int.self, deadline: .seconds(9)) }
            try await gate.waitForVisitor()
            async let long = handle.action("work", returning: Int.self, deadline: .seconds(90))
            try await broker.control("set_permissions", name, ".*", "^$", ".*")
            // The broker remembers for a channel what was allowed on it.
            try await scene.expectOtherPublishers(of: name)
            gate.open()
            _ = try await scene.log.entry(timeout: .seconds(20)) { $0.message == "an answer is sent again later" }
            #expect(await short.error?.code == .deadlineExceeded)
            try await broker.control("set_permissions", name, ".*", ".*", ".*")
            #expect(try await long > 0)
            let id = registration.agentID.uuid.uuidString.lowercased()
            try await scene.expectLoad(.empty, of: "agent.\(id)", timeout: .seconds(30))
            #expect(try await handle.action("work", returning: Int.self, deadline: .seconds(20)) > 0)
            await agent.close()
            await user.close()
        }

        private static func payload(_ size: Int) -> Payload {
            Payload(contentType: "application/octet-stream", bytes: Data(count: size))
        }
    }
}

extension Scene {
    /// Closes the publishing connections of a broker user, and waits until there are others.
    func expectOtherPublishers(of user: String) async throws {
        // While a connection is being opened or closed, its identifier is in another form.
        let old = try await eventually("the publishing connections") {
            let found = try await self.publishers(of: user)
            return !found.isEmpty && found.allSatisfy { $0.hasPrefix("<") } ? found : nil
        }
        for id in old { try await broker.control("close_connection", id, "test") }
        try await eventually("new publishing connections", timeout: .seconds(30)) {
            let new = try await self.publishers(of: user)
            return !new.isEmpty && Set(new).isDisjoint(with: old)
        }
    }

    private func publishers(of user: String) async throws -> [String] {
        try await management.connections().filter {
            $0.user == user && $0.clientProperties["connection_name"]?.string?.hasSuffix("publisher") == true
        }.map(\.id)
    }
}
