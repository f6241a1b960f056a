import AgentExchange
import ArgumentParser

/// Subscriptions that come and go.
struct Subscriptions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Adds subscriptions and removes each again, several at a time. The times are those of the additions."
    )

    @OptionGroup var exchange: Exchange
    @Option var count = 100_000
    @Option(help: "The tasks that add and remove.")
    var tasks = 16
    @Option(help: "The subscriptions that are listed at a time.")
    var listed = 1000

    func validate() throws {
        guard tasks > 0, count >= tasks, listed >= tasks else {
            throw ValidationError("each task adds a subscription, and keeps one")
        }
    }

    func run() async throws {
        let transport = try await exchange.open().makeUserTransport(name: nil)
        guard let events = transport.eventTransport else { throw ExchangeError(.unsupported, "there are no topics") }
        _ = try await events.subscriptions()
        let (start, used) = (ContinuousClock.now, Usage.now)
        let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for task in 0..<tasks {
                group.addTask { [count, tasks, listed] in
                    try await Self.repeated(count / tasks, keeping: listed / tasks, "\(task)", events)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let rest = try await events.subscriptions().count
        guard rest == 0 else { throw ExchangeError(.internal, "\(rest) subscriptions are left") }
        try Figures(count: times.count, elapsed: start.duration(to: .now), times: times, usage: Usage.now - used)
            .printLine()
        await transport.close()
    }

    /// Adds a number of subscriptions, and removes the oldest ones.
    private static func repeated(
        _ count: Int,
        keeping limit: Int,
        _ name: String,
        _ events: any EventTransport
    ) async throws -> [Duration] {
        let clock = ContinuousClock()
        var times: [Duration] = []
        var kept: [String] = []
        for number in 0..<count {
            let subscription = Subscription(.type("topic-\(name)-\(number)"), agentType: "agent-\(name)")
            times.append(try await clock.measure { try await events.subscribe(subscription, adopting: false) })
            kept.append(subscription.id)
            if kept.count >= limit { try await events.unsubscribe(id: kept.removeFirst()) }
        }
        for id in kept { try await events.unsubscribe(id: id) }
        return times
    }
}
