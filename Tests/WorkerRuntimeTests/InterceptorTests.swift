import AgentExchange
import ExchangeTestKit
import Testing
import WorkerRuntime

@Suite("Interceptors")
struct InterceptorTests {
    /// Drops, changes and passes by the text of a message, and writes down what it sees.
    private struct Censor: WorkerInterceptor {
        let name: String
        let stage: Stage

        private func decide(_ text: String, _ place: String) -> Interception {
            stage.say("\(name) \(place) \(text)")
            if text.hasPrefix("drop") { return .drop }
            if text.hasPrefix("change") { return .change(Ask(text: "\(name) changed")) }
            return .pass
        }

        func onSend(_ message: any Sendable, to address: AgentAddress, from sender: AgentAddress?)
            async throws(ExchangeError) -> Interception
        {
            if case let ask as Ask = message { return decide(ask.text, "send \(address)") }
            return .pass
        }

        func onPublish(_ message: any Sendable, to topic: Topic, from sender: AgentAddress?)
            async throws(ExchangeError) -> Interception
        {
            if case let note as Note = message { return decide(note.text, "publish \(topic)") }
            return .pass
        }

        func onResponse(_ reply: any Sendable, from address: AgentAddress, to sender: AgentAddress?)
            async throws(ExchangeError) -> Interception
        {
            guard case let answer as Answer = reply else { return .pass }
            stage.say("\(name) response \(answer.text)")
            if answer.text == "LOSE" { return .drop }
            return answer.text == "EDIT" ? .change(Answer(text: "edited")) : .pass
        }
    }

    @Test("They see messages and replies in order, and change or drop them", arguments: Kind.all)
    func all(kind: Kind) async throws {
        let watching = Stage()
        let configuration = WorkerConfiguration.test {
            $0.interceptors = [Censor(name: "a", stage: watching), Censor(name: "b", stage: watching)]
        }
        try await withWorkers(on: try await kind.exchange(), configuration) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.start()
            let clerk = AgentAddress("clerk")
            #expect(try await workers.ask("pass", clerk) == "PASS")
            #expect(
                watching.events.value == [
                    "a send clerk/default pass", "b send clerk/default pass", "a response PASS", "b response PASS",
                ]
            )
            #expect(try await workers.ask("change", clerk) == "A CHANGED")
            #expect(try await workers.ask("edit", clerk) == "edited")
            await fails(.dropped, .notSent) { _ = try await workers.ask("drop", clerk) }
            #expect(!watching.events.value.contains("b send clerk/default drop"))
            await fails(.dropped, .delivered) { _ = try await workers.ask("lose", clerk) }
            let dropped = try await workers.publish(Note(text: "drop"), to: .default)
            #expect(dropped.id == nil && !dropped.hasSubscribers)
            try await workers.publish(Note(text: "pass"), to: .default)
            try await stage.heard("clerk/default pass")
            #expect(!stage.events.value.contains("clerk/default drop"))
        }
    }
}
