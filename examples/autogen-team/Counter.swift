import AgentExchange
import Foundation
import WorkerRuntime

/// The Swift worker's agent. `worker.py` has the same agent in Python.
struct Counter: WorkerAgent {
    static let handlers = Handlers<Counter> {
        $0.onRequest(Chapter.self) { _, chapter, context in
            // Long enough that requests are being handled whenever the process is killed.
            try await Task.sleep(for: .milliseconds(50))
            let words = Team.count(chapter.text)
            try await context.publish(
                Counted(number: chapter.number, words: words),
                to: Topic(Team.topic, source: "job")
            )
            return Count(number: chapter.number, words: words, language: "Swift")
        }
    }

    /// Serves the agent type until the process is told to end.
    static func run(on exchange: any ExchangeFactory, ready: () -> Void) async throws {
        let workers = try await WorkerRuntime(on: exchange)
        workers.serializers.register(Counted.self)
        let options = AgentTypeOptions(sharing: .shared(slots: Team.slots))
        // AutoGen adds this subscription to each of its agent types.
        try await workers.register(Team.counter, subscriptions: [.prefix("\(Team.counter):")], options: options) { _ in
            Counter()
        }
        try await workers.start()
        ready()
        try await workers.run(stoppingOn: [SIGTERM, SIGINT])
    }
}
