import AgentExchange
import ExchangeTestKit
import Testing

@testable import WorkerRuntime

@Suite("The order of an agent's messages")
struct OrderTests {
    @Test(
        "Handlers begin in the order of arrival, events and requests alike, also behind a slow first agent",
        arguments: Kind.all
    )
    func begins(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.register("clerk", expecting: Recorder.self, subscriptions: [.default]) { _ in
                try await stage.hold("making")
                return Recorder(stage: stage)
            }
            try await workers.start()
            // A slot takes 128 messages at a time; the others wait in the mailbox.
            for number in 0..<300 {
                if number % 10 == 9 {
                    try await send(number, workers)
                } else {
                    try await workers.publish(Note(text: "\(number)"), to: .default)
                }
                if number == 200 { stage.release("making") }
            }
            let seen = try await stage.heard(302).filter { !$0.contains("making") }
            #expect(seen == (0..<300).map { "\($0)" })
        }
    }

    /// Sends a request, and returns when it is in the mailbox: long before its answer.
    private func send(_ number: Int, _ workers: WorkerRuntime) async throws {
        let user = try await workers.exchange.makeUserTransport(name: nil)
        let slots = try await user.discover(typeNamed: "Worker.clerk", allowSubtypes: false)
        let arguments = ActionArguments(payload: try Payload(encoding: Ask(text: "\(number)")))
        let body = Request.Body.action(name: "Ask", arguments: arguments)
        try await user.send(.request(try Request(from: user.mailboxID, to: .agent(slots[0]), body)))
        await user.close()
    }

    @Test("One at a time means that no two handlers of an agent overlap, and those of others do", arguments: Kind.all)
    func oneAtATime(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            let options = AgentTypeOptions(ordering: .oneAtATime)
            try await workers.registerClerks("clerk", stage, subscriptions: [.default], options: options)
            try await workers.start()
            let first = AgentAddress("clerk", key: "one")
            async let a = workers.ask("hold a", first)
            try await stage.heard("began a")
            async let b = workers.ask("hold b", first)
            async let other = workers.ask("hold c", AgentAddress("clerk", key: "two"))
            try await stage.heard("began c")
            try await eventually("all three are there") { workers.type("clerk")?.slot?.work.count == 3 }
            stage.release("c")
            #expect(try await other == "hold c")
            stage.release("b")
            // The second waits although it could go on.
            // It may have begun before its cancellation came.
            #expect(!stage.events.value.contains("ended b"))
            stage.release("a")
            #expect(try await a == "hold a")
            #expect(try await b == "hold b")
            let (ended, began) = (
                stage.events.value.firstIndex(of: "ended a"), stage.events.value.firstIndex(of: "began b")
            )
            #expect(try #require(ended) < #require(began))
        }
    }

    @Test(
        "Agents that run one at a time and call each other in a circle do not wait for themselves",
        arguments: Kind.all
    )
    func circle(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            let options = AgentTypeOptions(ordering: .oneAtATime)
            try await workers.registerClerks("clerk", stage, options: options)
            try await workers.registerClerks("chief", stage, options: options)
            try await workers.start()
            let text = "ask chief/b ask clerk/a ask chief/b ask clerk/a deep"
            #expect(try await workers.ask(text, AgentAddress("clerk", key: "a")) == "DEEP")
            // An agent that asks itself.
            #expect(try await workers.ask("ask clerk/a self", AgentAddress("clerk", key: "a")) == "SELF")
        }
    }

    @Test("A message that is cancelled while it waits for its turn holds up no other", arguments: Kind.all)
    func cancelledTurn(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            let options = AgentTypeOptions(ordering: .oneAtATime)
            try await workers.registerClerks("clerk", stage, options: options)
            try await workers.start()
            let clerk = AgentAddress("clerk")
            async let first = workers.ask("hold a", clerk)
            try await stage.heard("began a")
            let second = Task { try await workers.ask("hold b", clerk) }
            try await eventually("the second waits") { workers.type("clerk")?.slot?.work.count == 2 }
            let third = Task { try await workers.ask("third", clerk) }
            try await eventually("the third waits") { workers.type("clerk")?.slot?.work.count == 3 }
            #expect(!stage.events.value.contains("began b"))
            second.cancel()
            await fails(.cancelled, .unknown) { _ = try await second.value }
            try await eventually("the second has left") { workers.type("clerk")?.slot?.work.count == 2 }
            stage.release("a")
            #expect(try await first == "hold a")
            #expect(try await third.value == "THIRD")
            #expect(!stage.events.value.contains("began b"))
        }
    }
}

/// Writes down its messages before anything else.
struct Recorder: WorkerAgent {
    let stage: Stage

    static let handlers = Handlers<Recorder> {
        $0.onEvent(Note.self) { recorder, note, _ in recorder.stage.say(note.text) }
        $0.onRequest(Ask.self) { recorder, ask, _ in recorder.stage.say(ask.text) }
    }
}
