import AgentExchange
import WorkerRuntime

/// Answers in many ways, and tells of events.
struct Clerk: WorkerAgent {
    let stage: Stage
    let address: AgentAddress

    static let handlers = Handlers<Clerk> {
        $0.onRequest(Ask.self, where: { $0.text == "nothing" }) { _, _, _ in }
        $0.onRequest(Ask.self, where: { $0.text == "nil" }) { _, _, _ -> Answer? in nil }
        $0.onRequest(Ask.self, where: { $0.text == "throw" }) { _, _, _ -> Answer? in throw Refused() }
        $0.onRequest(Ask.self, where: { $0.text == "bare" }) { _, _, _ -> Bare? in Bare() }
        $0.onRequest(Ask.self, where: { $0.text == "who" }) { clerk, _, context -> Answer? in
            let sender = context.sender?.description ?? "nobody"
            return Answer(
                text: "\(clerk.address) \(context.address) \(context.messageID) \(sender) \(context.isRequest)"
            )
        }
        $0.onRequest(Ask.self, where: { $0.text.hasPrefix("hold ") }) { clerk, ask, _ -> Answer? in
            try await clerk.stage.hold(String(ask.text.dropFirst(5)))
            return Answer(text: ask.text)
        }
        $0.onRequest(Ask.self, where: { $0.text.hasPrefix("ask ") }) { _, ask, context -> Answer? in
            // "ask TYPE/KEY TEXT": asks another agent.
            let words = ask.text.split(separator: " ", maxSplits: 2).map(String.init)
            guard let address = AgentAddress(text: words[1]) else { throw Refused() }
            return try await context.send(Ask(text: words[2]), to: address, returning: Answer.self)
        }
        $0.onRequest(Ask.self) { _, ask, _ in Answer(text: ask.text.uppercased()) }
        $0.onEvent(Note.self, where: { $0.urgent }) { clerk, note, context in
            clerk.stage.say("\(clerk.address) urgent \(note.text)")
            try await context.publish(Note(text: "seen \(note.text)"), to: .default)
        }
        $0.onEvent(Note.self, where: { $0.text.hasPrefix("fail") }) { clerk, note, _ in
            clerk.stage.say("\(note.text)")
            throw Refused()
        }
        $0.onEvent(Note.self, where: { $0.text.hasPrefix("hold ") }) { clerk, note, _ in
            try await clerk.stage.hold(String(note.text.dropFirst(5)))
        }
        $0.onEvent(Note.self) { clerk, note, _ in clerk.stage.say("\(clerk.address) \(note.text)") }
    }

    func close() async { stage.say("closed \(address)") }
}

/// Counts, and keeps its count.
actor Counter: WorkerAgent {
    struct Saved: Codable, Sendable, Equatable {
        var count: Int
    }

    private var count = 0

    static let handlers = Handlers<Counter> {
        $0.on(Note.self) { counter, _, _ in await counter.add() }
        $0.onRequest(Ask.self) { counter, _, _ in Answer(text: "\(await counter.count)") }
        $0.onRequest(UnknownPayload.self) { _, unknown, _ in unknown }
    }

    private func add() { count += 1 }

    func saveState() async throws -> Saved? { Saved(count: count) }

    func loadState(_ state: Saved) async throws {
        if state.count < 0 { throw Refused() }
        count = state.count
    }
}
