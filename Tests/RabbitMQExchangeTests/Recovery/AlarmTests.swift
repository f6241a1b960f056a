import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Alarms of the broker")
    struct AlarmTests {
        @Test(
            "Publishing waits until its deadline, also on a new connection; then everything goes on",
            arguments: alarms
        )
        func alarm(_ alarm: Alarm) async throws {
            let broker = try await PrivateBroker.borrow()
            let troupe = try await Troupe(on: broker)
            var impatient = troupe.scene
            impatient.configuration.operationTimeout = .seconds(3)
            let hurried = impatient
            let asker = try await eventually("a session") { try await hurried.user("impatient") }
            _ = try await troupe.ask(0)
            try await broker.control(alarm.on)
            let blocked = await outcome { _ = try await troupe.ask(2, deadline: .seconds(5)) }
            #expect(blocked.error?.code == .brokerBlocked, "\(String(describing: blocked.error))")
            try await troupe.userProxy.resetConnections()
            let again = await outcome { _ = try await troupe.ask(3, deadline: .seconds(5)) }
            #expect(again.error != nil)
            // A complete answer about a mailbox needs a record in the directory.
            let status = await outcome {
                _ = try await asker.status(of: .agent(troupe.agent.registration.agentID))
            }
            #expect(status.error?.code == .brokerBlocked || status.error?.code == .deadlineExceeded)
            // All have ended before the alarm did.
            async let patient = troupe.ask(4, deadline: .seconds(30))
            try await broker.control(alarm.off)
            #expect(try await patient == 8)
            try await troupe.expectRecovered()
            await asker.close()
            await troupe.close()
            await broker.giveBack()
        }

        @Test("What waits in a mailbox is received during an alarm, also after the connection was lost")
        func receiving() async throws {
            let broker = try await PrivateBroker.borrow()
            let scene = try await Scene(on: broker) {
                $0.reconnectDelay = .milliseconds(50)
                $0.maximumReconnectDelay = .seconds(1)
            }
            let user = try await scene.user("user")
            let registration = try await user.registerAgent(AgentType("Listener"))
            let transport = try await scene.exchange("agent").makeAgentTransport(registration)
            let tags = try await (1...3).asyncMap { _ in
                let request = try Request(from: user.transport.mailboxID, to: transport.mailboxID, .ping)
                try await user.transport.send(.request(request))
                return request.tag
            }
            try await broker.control("set_vm_memory_high_watermark", "0.00001")
            let first = try await transport.receive(timeout: .seconds(10))
            #expect(first.tag == tags[0])
            try await broker.control("close_all_connections", "test")
            #expect(try await transport.receive(timeout: .seconds(20)).tag == tags[1])
            #expect(try await transport.receive(timeout: .seconds(20)).tag == tags[2])
            try await broker.control("set_vm_memory_high_watermark", "0.8")
            await transport.close()
            await user.close()
            await broker.giveBack()
        }

        /// An alarm: how it is raised, and how it is ended.
        struct Alarm: Sendable, CustomTestStringConvertible {
            let name: String
            let on: [String]
            let off: [String]
            var testDescription: String { name }
        }

        static let alarms = [
            Alarm(
                name: "memory",
                on: ["set_vm_memory_high_watermark", "0.00001"],
                off: ["set_vm_memory_high_watermark", "0.8"]
            ),
            Alarm(name: "disk", on: ["set_disk_free_limit", "900000GB"], off: ["set_disk_free_limit", "1MB"]),
        ]
    }
}

extension Sequence {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async throws -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
