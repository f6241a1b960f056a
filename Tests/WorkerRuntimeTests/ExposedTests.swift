import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing
import WorkerRuntime

@Suite("Agents with mailboxes of their own, called by type and key")
struct ExposedTests {
    /// Runs a body while an agent adds money, and tells of it.
    private func withBank(
        _ exchange: any ExchangeFactory,
        _ stage: Stage,
        _ body: (AgentRegistration) async throws -> Void
    ) async throws {
        let registration = try await exchange.registration(named: "main", type: AgentType("Bank"))
        let client = ClientConfiguration(logger: LogRecorder().logger)
        try await exchange.withAgentClient(registration, configuration: client) { request, _ in
            guard case .action("add", let arguments) = request.body else { throw Refused() }
            let note = try arguments.decode(Note.self)
            stage.say("added \(note.text)")
            return try request.response(encoding: Answer(text: note.text + "!"))
        } _: { _ in
            try await body(registration)
        }
    }

    @Test("A message runs an action, whose result or error is the reply", arguments: Kind.all)
    func exposed(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await withBank(exchange, stage) { bank in
                let client = ClientConfiguration(logger: LogRecorder().logger)
                try await exchange.withUserClient(configuration: client) { user in
                    try await workers.expose(user.handle(to: bank.agentID), as: "bank") {
                        $0.message("Note", to: "add", answering: "Answer")
                        $0.message("Stray", to: "nothing")
                    }
                    workers.serializers.register(Note.self, Answer.self, Stray.self, Ask.self)
                    try await workers.start()
                    let address = AgentAddress("bank", key: "any")
                    let answer = try await workers.send(Note(text: "a"), to: address, returning: Answer.self)
                    #expect(answer == Answer(text: "a!"))
                    await fails(.remote, .delivered) { try await workers.send(Stray(), to: address) }
                    await fails(.unhandled, .delivered) { try await workers.send(Ask(text: "a"), to: address) }
                    let forged = Data("1],\"keyword\":{\"a\":[1".utf8)
                    for payload in [
                        Payload(contentType: "application/json", bytes: forged),
                        Payload(contentType: "application/x-protobuf", bytes: Data()),
                    ] {
                        await fails(.invalidPayload, .delivered) {
                            let message = UnknownPayload(dataType: "Note", payload: payload)
                            try await workers.send(message, to: address)
                        }
                    }
                    #expect(stage.events.value == ["added a"])
                }
            }
        }
    }

    @Test("An agent is called by its type and its name or UUID when no worker has the type", arguments: Kind.all)
    func plain(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await withBank(exchange, stage) { bank in
                workers.serializers.register(Answer.self)
                let arguments = try ActionArguments(Note(text: "a")).payload
                let message = UnknownPayload(dataType: "add", payload: arguments)
                for key in ["main", bank.agentID.uuid.uuidString] {
                    let address = AgentAddress("Bank", key: key)
                    let answer = try await workers.send(message, to: address, returning: Answer.self)
                    #expect(answer == Answer(text: "a!"))
                }
                await fails(.unknownAgentType, .notSent) {
                    try await workers.send(message, to: AgentAddress("Bank", key: "other"))
                }
            }
        }
    }
}
