import AgentExchange
import Agents
import ExchangeTestKit
import Testing
import WorkerRuntime

@Suite("Agents with an interface, called by type and key")
struct ExposedInterfaceTests {
    private struct Till: AgentInterface {
        let charge = Action<Answer, Note>("charge")
        let close = Action<Void, Ask>("close")
        let sum = Action<Int>("sum")
    }

    private struct MyTill: Agent {
        static let actions = Actions<MyTill, Till> {
            $0.on(\.charge) { _, note in Answer(text: note.text + "!") }
            $0.on(\.close) { _, ask in if ask.text == "never" { throw Refused() } }
            $0.on(\.sum) { _ in 7 }
        }
    }

    @Test("Key paths name the actions, and a reply has the name of its Swift type", arguments: Kind.all)
    func exposed(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { workers, _ in
            try await withAgents(on: exchange) { agents in
                let till = try await agents.launch(MyTill()).handle
                try await workers.expose(till, as: "till") {
                    $0.message("Note", to: \.charge)
                    $0.message("Ask", to: \.close)
                }
                workers.serializers.register(Note.self, Answer.self, Ask.self)
                try await workers.start()
                let address = AgentAddress("till", key: "any")
                let reply = try await workers.send(Note(text: "a"), to: address, returning: UnknownPayload.self)
                #expect(reply?.dataType == "Answer")
                let answer = try await workers.send(Note(text: "a"), to: address, returning: Answer.self)
                #expect(answer == Answer(text: "a!"))
                #expect(try await workers.send(Ask(text: "now"), to: address, returning: Answer.self) == nil)
                await fails(.remote, .delivered) { try await workers.send(Ask(text: "never"), to: address) }
                let error = await #expect(throws: ExchangeError.self) {
                    try await workers.expose(till, as: "other") { $0.message("Note", to: \.sum) }
                }
                #expect(error?.code == .invalidConfiguration)
            }
        }
    }
}
