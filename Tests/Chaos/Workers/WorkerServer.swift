import AgentExchange
import ChaosLedger
import Foundation
import Synchronization
import WorkerRuntime

/// A process with a worker, which shares its agent types with the other processes.
final class WorkerServer: Sendable {
    let ledger: LedgerWriter
    let sabotage: Sabotage?
    private let exchange: any ExchangeFactory
    private let state = Mutex(State())

    private struct State {
        var workers: WorkerRuntime?
        var isEnding = false
        var requests = 0
    }

    init(_ ledger: LedgerWriter, _ exchange: any ExchangeFactory, _ order: MemberOrder) {
        self.ledger = ledger
        self.exchange = exchange
        sabotage = order.sabotage
        ledger.write(.began)
        Task { await self.serve() }
    }

    func take(_ command: MemberCommand) {
        if case .end = command { Task { await self.end() } }
    }

    /// Runs a worker, and another one when it has ended with an error.
    private func serve() async {
        while !state.withLock({ $0.isEnding }) {
            do {
                let workers = try await WorkerRuntime(on: exchange, configuration: configuration)
                let isWanted = state.withLock { state in
                    if !state.isEnding { state.workers = workers }
                    return !state.isEnding
                }
                do {
                    if isWanted {
                        try await register(workers)
                        try await workers.start()
                        Chaos.say("ready")
                        try await workers.run()
                    }
                } catch {
                    await workers.stop()
                    throw error
                }
            } catch {
                try? await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    private var configuration: WorkerConfiguration {
        var configuration = WorkerConfiguration()
        configuration.gracePeriod = .seconds(5)
        return configuration
    }

    private func register(_ workers: WorkerRuntime) async throws {
        let all: [(String, [Subscription.Rule])] = [
            // The one without subscriptions first: requesters begin when they see those of the others.
            (WorkerTypes.deaf, []), (WorkerTypes.solver, [.type("news")]), (WorkerTypes.watcher, [.prefix("news")]),
        ]
        let options = AgentTypeOptions(sharing: .shared(slots: WorkerTypes.slots), lifetime: .durable)
        for (type, subscriptions) in all {
            let isForAll = sabotage == .eventsToAll && type == WorkerTypes.deaf
            try await workers.register(
                type,
                subscriptions: isForAll ? [.prefix("news")] : subscriptions,
                options: options
            ) { [self] _ in WorkerMember(server: self) }
        }
    }

    /// Whether the next request is left without an answer.
    func drops() -> Bool {
        guard sabotage == .dropAnswers else { return false }
        return state.withLock { state in
            state.requests += 1
            return state.requests % 10 == 0
        }
    }

    private func end() async {
        let workers = state.withLock { state in
            state.isEnding = true
            return state.workers
        }
        await workers?.stop()
        ledger.write(.closed)
        Chaos.say("ended")
        exit(0)
    }
}

/// The agent of an address. It writes down what it handles.
private struct WorkerMember: WorkerAgent {
    let server: WorkerServer

    static let handlers = Handlers<WorkerMember> {
        $0.onRequest(Work.self) { agent, work, context in
            await agent.handle(work.id, context)
            // Longer than the caller waits, and the run.
            if agent.server.drops() { try await Task.sleep(for: .seconds(3600)) }
            return Done(text: "\(work.id.uuidString.lowercased()) \(agent.server.ledger.process)")
        }
        $0.onEvent(News.self) { agent, news, context in await agent.handle(news.id, context) }
    }

    private func handle(_ id: UUID, _ context: MessageContext) async {
        let (type, key) = (context.address.type, context.address.key)
        server.ledger.write(
            .start,
            request: id,
            mailbox: WorkerTypes.mailbox(type, key),
            attempt: context.attempt,
            code: type,
            text: "ordered"
        )
        let ending = { @Sendable [ledger = server.ledger] in
            ledger.write(.end, request: id, mailbox: WorkerTypes.mailbox(type, key), code: type)
        }
        if server.sabotage == .twoOwners, Int.random(in: 0..<4) == 0 {
            // The work goes on when the handler has returned, and when its slot has another worker.
            Task {
                try? await Task.sleep(for: .seconds(5))
                ending()
            }
            return
        }
        await work()
        ending()
    }

    /// Most messages take some milliseconds, some take longer than a slot needs to move.
    private func work() async {
        let length = Int.random(in: 0..<100) < 3 ? Int.random(in: 500...3000) : Int.random(in: 0...30)
        try? await Task.sleep(for: .milliseconds(length))
    }
}
