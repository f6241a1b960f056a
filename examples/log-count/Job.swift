import AgentExchange
import Foundation

/// The whole job: joins the exchange, brings the agents along, counts, checks, and leaves nothing behind.
struct Job: Sendable {
    private enum Part: Sendable {
        case counted(Outcome)
        case crewEnded
    }

    /// What was asked for.
    let options: Options

    /// The file to count.
    let file: LogFile

    private let progress = ProgressLine()

    /// Prepares the job.
    init(_ options: Options) throws {
        self.options = options
        file = try LogFile(path: options.file)
    }

    /// Runs the job.
    func run() async throws -> Summary {
        let exchange = try makeExchange(options)
        let client = try await join(exchange)
        do {
            let host: any AgentHost =
                switch options.exchange {
                case .local: LocalAgents(exchange: exchange)
                case .rabbitmq:
                    try WorkerProcesses(
                        exchange: exchange,
                        broker: options.broker,
                        command: LogCount.agentCommand
                    )
                }
            await explain()
            let crew = try await Crew(workers: options.workers, client: client, host: host, progress: progress)
            let outcome = try await count(client, crew)
            await client.close()
            return try await check(outcome, crew)
        } catch {
            await progress.finish()
            await client.close()
            throw error
        }
    }

    private func join(_ exchange: any ExchangeFactory) async throws -> UserExchangeClient {
        do throws(ExchangeError) {
            return try await exchange.makeUserClient(name: "coordinator")
        } catch {
            throw UnreachableExchange(
                "can't reach the broker at \(options.brokerAddress): \(error.message) "
                    + "(set \(Options.brokerVariable), or use --exchange local)"
            )
        }
    }

    private func explain() async {
        guard options.exchange == .rabbitmq else { return }
        let environment = ProcessInfo.processInfo.environment
        let tool = environment["RABBITMQCTL"] ?? "rabbitmqctl"
        let page = environment["RABBITMQ_MANAGEMENT"] ?? "the management page of the broker"
        await progress.note(
            """
            Every mailbox is a queue named warren.\(options.namespace).…; to look at them while this runs:
              \(tool) list_queues name type messages consumers
            or \(page), filtered by warren.\(options.namespace).
            """
        )
    }

    /// Runs the agents and the coordinator side by side, and ends the agents when the coordinator is done.
    private func count(_ client: UserExchangeClient, _ crew: Crew) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Part?.self) { group in
            group.addTask {
                try await crew.run()
                return .crewEnded
            }
            group.addTask { [progress, options, file] in
                let coordinator = try Coordinator(
                    client: client,
                    crew: crew,
                    file: file,
                    options: options,
                    progress: progress
                )
                return .counted(try await coordinator.run())
            }
            group.addTask {
                try await Interruption.wait()
                return nil
            }
            var outcome: Outcome?
            do {
                while let part = try await group.next() {
                    switch part {
                    case .counted(let counted):
                        outcome = counted
                        await crew.end(client)
                        group.addTask {
                            try await Task.sleep(for: .seconds(10))
                            throw JobError("agents that did not end in 10 s were killed")
                        }
                    case .crewEnded:
                        group.cancelAll()
                        if let outcome { return outcome }
                    case nil: break
                    }
                }
                throw JobError("the agents ended before the job")
            } catch {
                group.cancelAll()
                if let outcome, !(error is Interruption) {
                    // Everything was counted; only the end was not in good order.
                    await progress.note("\(error)")
                    return outcome
                }
                await crew.end(client)
                throw error
            }
        }
    }

    private func check(_ outcome: Outcome, _ crew: Crew) async throws -> Summary {
        let start = ContinuousClock.now
        let plain = try file.plainTally()
        let elapsed = start.duration(to: .now)
        var starts: [String: Int] = [:]
        var kills: [String: Int] = [:]
        for supervisor in crew.everyone {
            starts[supervisor.assignment.name] = await supervisor.starts
            kills[supervisor.assignment.name] = await supervisor.kills
        }
        return Summary(
            outcome: outcome,
            plain: plain,
            plainElapsed: elapsed,
            starts: starts,
            kills: kills,
            path: file.path
        )
    }
}

extension Options {
    /// The broker without user and password.
    var brokerAddress: String {
        guard var parts = URLComponents(string: broker) else { return "an invalid URL" }
        parts.user = nil
        parts.password = nil
        return parts.string ?? "an invalid URL"
    }
}
