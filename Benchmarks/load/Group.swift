import AgentExchange
import Agents
import ArgumentParser
import Foundation
import Synchronization

/// A work group whose action takes a while, under a backlog.
struct Group: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Serves a backlog with so many members, each one action at a time; or measures how soon one more takes work."
    )

    @OptionGroup var exchange: Exchange
    @Option var members = 1
    @Option(help: "Requests for each member.") var count = 300
    @Option(help: "How long the action takes, in milliseconds.") var action = 10
    @Flag(help: "Add a member under the backlog, and measure the time until it runs its first request.") var joining =
        false

    func run() async throws {
        let user = try await exchange.open().makeUserClient()
        let group = try await user.registerAgent(Echo.agentType, sharing: .group)
        let total = members * count
        let runs = Runs()
        for _ in 0..<total {
            let body = Request.Body.action(name: "wait", arguments: .none)
            let request = try Request(from: user.id, to: .agent(group.agentID), body)
            try await user.transport.send(.request(request))
        }
        // Each with its own connections, as if in a process of its own, and one more for the next request.
        var clients: [AgentExchangeClient] = []
        for number in 0..<members { clients.append(try await member(number, group, runs)) }
        let start = ContinuousClock.now
        let before = runs.count
        if joining {
            clients.append(try await member(members, group, runs))
            while runs.first(of: members) == nil { try await Task.sleep(for: .milliseconds(1)) }
            let time = (runs.first(of: members) ?? .now) - start
            try Figures(count: 1, elapsed: time, times: [time]).printLine()
        } else {
            while runs.count < total { try await Task.sleep(for: .milliseconds(1)) }
            try Figures(count: total - before, elapsed: start.duration(to: .now)).printLine()
        }
        for client in clients { await client.close() }
        try await user.terminate(group.agentID)
        await user.close()
    }

    private func member(
        _ number: Int,
        _ group: AgentRegistration,
        _ runs: Runs
    ) async throws -> AgentExchangeClient {
        let turn = Turn()
        let action = action
        return try await exchange.open("member \(number)").makeAgentClient(group, requestLimit: 2) { request, _ in
            guard case .action = request.body else { return request.response() }
            await turn.take {
                runs.began(number)
                try? await Task.sleep(for: .milliseconds(action))
                runs.ended()
            }
            return request.response()
        }
    }
}

/// One action at a time.
private actor Turn {
    private var last: Task<Void, Never>?

    func take(_ body: @escaping @Sendable () async -> Void) async {
        let before = last
        let task = Task {
            await before?.value
            await body()
        }
        last = task
        await task.value
    }
}

/// The actions that ran.
private final class Runs: Sendable {
    private let state = Mutex<(count: Int, first: [Int: ContinuousClock.Instant])>((0, [:]))

    var count: Int { state.withLock { $0.count } }

    func first(of member: Int) -> ContinuousClock.Instant? { state.withLock { $0.first[member] } }

    func began(_ member: Int) { state.withLock { if $0.first[member] == nil { $0.first[member] = .now } } }

    func ended() { state.withLock { $0.count += 1 } }
}
