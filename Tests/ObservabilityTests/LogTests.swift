import AgentExchange
import ExchangeTestKit
import InProcessExchange
import Logging
import RabbitMQExchange
import Testing

@Suite("What is logged")
struct LogTests {
    @Test("A call logs nothing above debug, says kind, sender, mailbox and tag, and never a payload")
    func call() async throws {
        let pair = try await Pair(InProcessExchange())
        let before = pair.log.entries.count
        _ = try await pair.handle.action("echo", ActionArguments(Echo.secret))
        for try await _ in pair.handle.stream("stream") {}
        _ = try await pair.handle.ping()
        let entries = pair.log.entries.dropFirst(before)
        #expect(entries.allSatisfy { $0.level <= .debug })

        let sent = try #require(entries.first { $0.message == "a request is sent" })
        #expect(sent.metadata[LogKey.kind.rawValue] == "action-request")
        #expect(sent.metadata[LogKey.peer.rawValue] == "user:ann")
        #expect(sent.metadata[LogKey.mailbox.rawValue] == "agent:echo-1")
        let tag = try #require(sent.metadata[LogKey.tag.rawValue])
        #expect(entries.contains { $0.message == "a request is served" && $0.metadata[LogKey.tag.rawValue] == tag })
        await pair.close()
        expectNoSecret(pair.log)
    }

    @Test("Failures are logged with keys of the one enumeration, and without what the action was called with")
    func failures() async throws {
        let pair = try await Pair(InProcessExchange())
        await #expect(throws: ExchangeError.self) {
            _ = try await pair.handle.action("fail", ActionArguments(Echo.secret))
        }
        // Nobody waits for this answer.
        let tag = try Request(from: pair.agent.id, to: .agent(pair.agent.registration.agentID), .ping)
        try await pair.agent.transport.send(.request(tag))
        try await pair.log.entry { $0.level == .warning && $0.message == "a response came that no handle waits for" }
        // A user serves nothing.
        try await pair.agent.transport.send(.request(try Request(from: pair.agent.id, to: pair.user.id, .ping)))
        try await pair.log.entry { $0.level == .warning && $0.message == "a request was sent to a user" }
        await pair.close()
        expectNoSecret(pair.log)
    }

    @Test("What a mailbox answers by itself is logged by the exchange in this process, with the reason")
    func inProcess() async throws {
        let log = LogRecorder()
        let user = try await InProcessExchange(logger: log.logger).makeUserClient()
        let agent = try await user.registerAgent(AgentType("Nobody"))
        let call = Task { [handle = user.handle(to: agent.agentID)] in
            try await handle.action("echo", ActionArguments(Echo.secret))
        }
        try await eventually("the request to wait") {
            try await user.transport.details(of: .agent(agent.agentID)).queuedMessages == 1
        }
        try await user.terminate(agent.agentID)
        await #expect(throws: ExchangeError.self) { _ = try await call.value }
        let entry = try await log.entry { $0.message == "a dead letter is answered" }
        #expect(entry.level == .info && entry.metadata[LogKey.reason.rawValue] == "mailbox-terminated")
        await user.close()
        expectNoSecret(log)
    }

    @Test("A factory that was decoded logs to the logger that it is given")
    func decoded() async throws {
        let log = LogRecorder()
        let url = "amqp://guest:\(Echo.secret)@127.0.0.1:1"
        let exchange = try RabbitMQExchange(url: url, logger: log.logger).logging(to: log.logger)
        await #expect(throws: ExchangeError.self) { _ = try await exchange.makeUserClient() }
        expectNoSecret(log)
    }

    private func expectNoSecret(_ log: LogRecorder) {
        let known = Set(LogKey.allCases.map(\.rawValue))
        for entry in log.entries {
            #expect(!entry.message.contains(Echo.secret))
            #expect(!"\(entry.metadata)".contains(Echo.secret))
            #expect(known.isSuperset(of: entry.metadata.keys), "\(entry.message)")
        }
    }
}
