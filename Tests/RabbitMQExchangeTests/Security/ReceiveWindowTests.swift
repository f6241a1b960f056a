import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Synchronization
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("Requests that are larger together than the receive window")
    struct ReceiveWindowTests {
        /// An agent that is received from by hand, and a user that asks it.
        private struct Desk {
            let scene: Scene
            let user: UserExchangeClient
            let registration: AgentRegistration
            let window: Int

            init(_ kind: MailboxKind, window: Int, prefetch: Int = 128) async throws {
                scene = try await Scene(kind) {
                    $0.receiveWindowBytes = window
                    $0.prefetch = prefetch
                }
                self.window = window
                user = try await scene.user()
                registration = try await user.registerAgent(AgentType("Clerk"))
            }

            var id: EntityID { .agent(registration.agentID) }

            func open(_ session: String = "agent") async throws -> RabbitMQTransport {
                let transport = try await scene.exchange(session).makeAgentTransport(registration, mode: .exclusive)
                return try #require(transport as? RabbitMQTransport)
            }

            /// Sends requests one after the other, with their numbers.
            func send(_ numbers: Range<Int>, of size: Int, deadline: Date? = nil) async throws {
                let bytes = Data(repeating: 7, count: size)
                for number in numbers {
                    let arguments = ActionArguments(
                        payload: Payload(contentType: "application/octet-stream", bytes: bytes)
                    )
                    let request = try Request(
                        from: user.id,
                        to: id,
                        deadline: deadline,
                        context: ["number": "\(number)"],
                        .action(name: "store", arguments: arguments)
                    )
                    try await user.transport.send(.request(request))
                }
            }

            func end() async throws {
                try await user.transport.terminate(id)
                await user.close()
            }
        }

        private func receive(from transport: RabbitMQTransport) async throws -> (number: Int, request: Request) {
            let message = try await transport.receive(timeout: .seconds(30))
            guard case .request(let request) = message else { throw ExchangeError(.internal, "no request: \(message)") }
            return (try #require(request.context["number"].flatMap { Int($0) }), request)
        }

        @Test(
            "wait on the broker: each comes once, in order, as attempt 1, and memory keeps its bound",
            arguments: kinds
        )
        func bounded(_ kind: MailboxKind) async throws {
            let isLong = LongForm.isWanted
            let (count, size, window) = isLong ? (128, 8 << 20, 64 << 20) : (64, 1 << 20, 16 << 20)
            let desk = try await Desk(kind, window: window)
            let agent = try await desk.open()
            try await desk.send(0..<count, of: size)
            let before = try #require(ProcessFigures()).resident
            // The window, what small requests may take more, one message, and what one turn of the I/O thread reads.
            let bound = window + window / 16 + size + (5 << 20)
            var (held, numbers, most, resident): ([Request], [Int], Int, Int) = ([], [], 0, 0)
            for _ in 0..<count {
                let (number, request) = try await receive(from: agent)
                numbers.append(number)
                #expect(request.attempt == 1, "number \(number)")
                most = max(most, agent.session.link.received.count)
                resident = max(resident, try #require(ProcessFigures()).resident - before)
                held.append(request)
                // More than one is at work, and more wait in the transport.
                if held.count == 4 { try await agent.send(.response(held.removeFirst().response())) }
            }
            for request in held { try await agent.send(.response(request.response())) }
            #expect(numbers == Array(0..<count))
            #expect(most <= bound, "\(most >> 20) MiB of \(window >> 20) MiB")
            if isLong { #expect(resident < 4 * window, "\(resident >> 20) MiB more") }
            let queue = "agent.\(desk.registration.agentID.uuid.uuidString.lowercased())"
            try await desk.scene.expectLoad(.empty, of: queue)
            try await eventually("all bytes are released", value: { agent.session.link.received.count }) { $0 == 0 }
            await agent.close()
            try await desk.end()
        }

        @Test("are answered once each, however slow the actions are", arguments: kinds)
        func answered(_ kind: MailboxKind) async throws {
            let desk = try await Desk(kind, window: 4 << 20)
            let runs = Mutex<[String: Int]>([:])
            let agent = try await desk.scene.exchange("agent").makeAgentClient(
                desk.registration,
                configuration: ClientConfiguration(logger: desk.scene.log.logger)
            ) { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                runs.withLock { $0[name, default: 0] += request.attempt }
                // Work that takes its time.
                try await Task.sleep(for: .milliseconds(20))
                return try request.response(encoding: arguments.payload.bytes.count)
            }
            let handle = desk.user.handle(to: desk.registration.agentID)
            let payload = Payload(contentType: "application/octet-stream", bytes: Data(count: 512 << 10))
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<128 {
                    group.addTask {
                        let arguments = ActionArguments(payload: payload)
                        return try await handle.action("n\(number)", arguments, returning: Int.self)
                    }
                }
                for try await size in group { #expect(size == 512 << 10) }
            }
            #expect(runs.withLock { $0.count } == 128)
            #expect(runs.withLock { $0.values.allSatisfy { $0 == 1 } })
            await agent.close()
            try await desk.end()
        }

        @Test("do not keep out the small ones that their actions wait for")
        func circle() async throws {
            let desk = try await Desk(.replicated, window: 1 << 20)
            let other = try await desk.user.registerAgent(AgentType("Clerk"))
            let scene = desk.scene
            let payload = Payload(contentType: "application/octet-stream", bytes: Data(count: 512 << 10))
            let (first, second) = (desk.registration.agentID, other.agentID)
            let serve: @Sendable (Request, AgentExchangeClient) async throws -> Response = { request, client in
                guard case .action(let name, _) = request.body else { return request.response() }
                let next: AgentID? = name == "large" ? second : name == "through" ? first : nil
                guard let next else { return try request.response(encoding: 1) }
                let action = name == "large" ? "through" : "small"
                return try request.response(
                    encoding: try await client.handle(to: next).action(action, returning: Int.self) + 1
                )
            }
            let agents = try await [
                scene.exchange("agent").makeAgentClient(desk.registration, requestHandler: serve),
                scene.exchange("agent").makeAgentClient(other, requestHandler: serve),
            ]
            let handle = desk.user.handle(to: first)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        let arguments = ActionArguments(payload: payload)
                        return try await handle.action("large", arguments, returning: Int.self)
                    }
                }
                for try await hops in group { #expect(hops == 3) }
            }
            for agent in agents { await agent.close() }
            try await desk.user.transport.terminate(.agent(second))
            try await desk.end()
        }

        @Test(
            "go to the next owner in order, when the first closes or loses its connection",
            arguments: kinds,
            [true, false]
        )
        func nextOwner(_ kind: MailboxKind, _ closes: Bool) async throws {
            let desk = try await Desk(kind, window: 4 << 20)
            let agent = try await desk.open()
            try await desk.send(0..<24, of: 512 << 10)
            #expect(try await receive(from: agent).number == 0)
            let queue = "agent.\(desk.registration.agentID.uuid.uuidString.lowercased())"
            try await desk.scene.expectLoad(QueueLoad(ready: 0, held: 24), of: queue)
            var owner = agent
            if closes {
                await agent.close()
                owner = try await desk.open("next")
            } else {
                for connection in try await desk.scene.management.connections() {
                    guard case .string(let name)? = connection.clientProperties["connection_name"],
                        name.hasPrefix("\(desk.scene.namespace) agent")
                    else { continue }
                    try await desk.scene.broker.control("close_connection", connection.id, "test")
                }
            }
            var numbers: [Int] = []
            let expected = Array((closes ? 0 : 1)..<24)
            for _ in expected {
                let (number, request) = try await receive(from: owner)
                numbers.append(number)
                if !closes { #expect(request.attempt == 1, "number \(number)") }
                try await owner.send(.response(request.response()))
            }
            #expect(numbers == expected)
            await owner.close()
            try await desk.end()
        }

        @Test("are answered when their deadlines pass, and those behind them come soon")
        func expired() async throws {
            let desk = try await Desk(.replicated, window: 4 << 20)
            let agent = try await desk.open()
            try await desk.send(0..<8, of: 512 << 10)
            var deadline = Date.now
            for seconds in [6.0, 12, 24] {
                deadline = Date.now + seconds
                let sending = await outcome { try await desk.send(8..<24, of: 512 << 10, deadline: deadline) }
                if sending.error == nil { break }
                // The deadline limits the sending too. Those that were sent expire like the next ones.
                #expect(sending.error?.code == .deadlineExceeded, "\(sending)")
            }
            try await desk.send(24..<32, of: 512 << 10)
            var held: [Request] = []
            for _ in 0..<8 { held.append(try await receive(from: agent).request) }
            try await eventually("the deadlines passed") { Date.now > deadline }
            let start = ContinuousClock.now
            for request in held { try await agent.send(.response(request.response())) }
            for number in 24..<32 {
                let (next, request) = try await receive(from: agent)
                #expect(next == number)
                try await agent.send(.response(request.response()))
            }
            #expect(start.duration(to: .now) < .seconds(15))
            await agent.close()
            try await desk.end()
        }

        @Test("are answered with mailboxTerminated when the mailbox is terminated", arguments: kinds)
        func terminated(_ kind: MailboxKind) async throws {
            let desk = try await Desk(kind, window: 4 << 20)
            let agent = try await desk.open()
            let handle = desk.user.handle(to: desk.registration.agentID)
            let payload = Payload(contentType: "application/octet-stream", bytes: Data(count: 512 << 10))
            let calls = (0..<32).map { _ in
                Task {
                    await outcome { try await handle.action("store", ActionArguments(payload: payload)) }.error?.code
                }
            }
            let queue = "agent.\(desk.registration.agentID.uuid.uuidString.lowercased())"
            try await desk.scene.expectLoad(QueueLoad(ready: 0, held: 32), of: queue)
            try await desk.user.transport.terminate(desk.id)
            for call in calls { #expect(await call.value == .mailboxTerminated) }
            await agent.close()
            await desk.user.close()
        }
    }
}
