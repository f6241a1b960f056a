import AgentExchange
import ChaosLedger
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Synchronization

/// Everybody on the stage, and the mailboxes that they use.
final class Cast: Sendable {
    let requesters: [Player]
    let agents: [Player]
    let ledger: LedgerWriter
    /// What the operator's connections go through.
    let operatorProxies: [FaultProxy]
    private let exchange: RabbitMQExchange
    private let operatorTransport: any ExchangeTransport
    /// Whether agents are workers, which make their mailboxes themselves.
    private let isWorkers: Bool
    private let brokers: Brokers
    /// The mailbox that is asked in each place.
    private let slots: Mutex<[AgentRegistration?]>

    /// When somebody last made a queue, or may have.
    private let birth = Mutex(ContinuousClock.now)

    /// How many requesters live through the whole run; others may be killed.
    static let survivors = 2
    /// Mailboxes that are asked at a time. The first is served by two agents, one of which stands by.
    static let places = 3

    var all: [Player] { requesters + agents }

    init(
        _ brokers: Brokers,
        _ directory: String,
        _ configuration: RabbitMQConfiguration,
        _ options: Options
    ) async throws {
        isWorkers = options.isWorkers
        self.brokers = brokers
        ledger = try LedgerWriter(directory: directory, process: "operator#1")
        let ledger = ledger
        func players(_ kind: MemberOrder.Role, _ count: Int, variants: Set<Int>) throws -> [Player] {
            try (1...count).map {
                try Player(
                    kind,
                    $0,
                    brokers,
                    directory,
                    configuration,
                    isVariant: variants.contains($0),
                    options: options,
                    ledger: ledger
                )
            }
        }
        requesters = try players(.requester, 4, variants: [2, 4])
        agents = try players(.agent, Self.places + 1, variants: [1, Self.places + 1])
        slots = Mutex(Array(repeating: nil, count: Self.places))
        operatorProxies = try brokers.nodes.map { try FaultProxy(targetPort: $0.port) }
        var configuration = configuration
        configuration.connectionName = "chaos operator"
        exchange = try RabbitMQExchange(
            url: brokers.url(ports: operatorProxies.map(\.listenPort)),
            namespace: "chaos",
            configuration: configuration,
            logger: try FileLog.logger("operator#1", in: directory)
        )
        operatorTransport = try await exchange.makeUserTransport(name: "operator")
        ledger.write(.began)
    }

    /// Makes a mailbox for each agent, and begins.
    func begin() async throws {
        if !isWorkers {
            for slot in 0..<Self.places { try await renew(slot) }
        }
        for player in all { try player.start() }
        // Workers are ready when all slots of their types are made, one after another.
        let patience = Duration.seconds(isWorkers ? 180 : 30)
        for player in all { _ = try await player.says(patience) { $0 == "ready" } }
        noteBirth()
    }

    /// Makes a new mailbox in a place, and tells who serves it and who asks.
    func renew(_ slot: Int) async throws {
        let registration = try await register("Agent\(slot + 1)")
        slots.withLock { $0[slot] = registration }
        for agent in servers(slot) { agent.serve(registration) }
        for requester in requesters { requester.ask(slot, registration) }
    }

    /// A process was started, or a mailbox made.
    func noteBirth() { birth.withLock { $0 = .now } }

    /// Waits until no queue is so young that a broker which is killed forgets it: a lone node writes what it knows of queues
    /// to the disk some seconds later.
    func waitUntilGrown() async throws {
        while true {
            // Others may be born meanwhile.
            let end = birth.withLock { $0 + .seconds(4) }
            if end <= .now { return }
            try await Task.sleep(until: end, clock: .continuous)
        }
    }

    private func servers(_ slot: Int) -> [Player] {
        slot == 0 ? [agents[0], agents[Self.places]] : [agents[slot]]
    }

    private func register(_ type: String) async throws -> AgentRegistration {
        while true {
            do throws(ExchangeError) {
                noteBirth()
                let registration = try await operatorTransport.registerAgent(AgentType(type))
                noteBirth()
                ledger.write(.registered, mailbox: registration.agentID.uuid)
                return registration
            } catch {
                guard error.isRetryable else { throw error }
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    /// Fills the directory: agents that live for a moment, and questions, as many as go in a time.
    func flood(for duration: Duration) async {
        let end = ContinuousClock.now + duration
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while ContinuousClock.now < end { await self.come() }
                }
            }
        }
    }

    /// Registers an agent, asks for it, and terminates it, as far as the exchange lets it.
    private func come() async {
        do throws(ExchangeError) {
            noteBirth()
            let registration = try await operatorTransport.registerAgent(AgentType("Flood"))
            noteBirth()
            _ = try await operatorTransport.discover(typeNamed: "Flood", allowSubtypes: false)
            try await operatorTransport.terminate(.agent(registration.agentID))
        } catch {
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    /// Terminates the mailbox of a place, and makes another.
    ///
    /// - Parameter author: Who is told to do it; the operator does when there is none, or when that one fails.
    func terminate(_ slot: Int, by author: Player?, killing delay: Duration?, _ kill: () async throws -> Void)
        async throws
    {
        guard let registration = slots.withLock({ $0[slot] }) else { return }
        let mailbox = registration.agentID.uuid
        var isDone = false
        if let author {
            author.tell(.terminate(registration))
            if let delay {
                try await Task.sleep(for: delay)
                try await kill()
            } else {
                let word = try? await author.says(.seconds(15)) { $0.hasSuffix("terminated \(mailbox)") }
                isDone = word.map { $0.hasSuffix(" terminated \(mailbox)") } ?? false
            }
        }
        while !isDone {
            isDone = await terminate(registration)
            if !isDone { try await Task.sleep(for: .milliseconds(250)) }
        }
        for agent in servers(slot) { agent.forget(registration) }
        try await renew(slot)
    }

    private func terminate(_ registration: AgentRegistration) async -> Bool {
        let mailbox = registration.agentID.uuid
        ledger.write(.terminating, mailbox: mailbox)
        do throws(ExchangeError) {
            try await operatorTransport.terminate(.agent(registration.agentID))
            ledger.write(.terminated, mailbox: mailbox)
            return true
        } catch {
            ledger.write(.unterminated, mailbox: mailbox, code: error.code.rawValue)
            return false
        }
    }

    /// Lets the requesters wait for their answers, then the agents end.
    func finish(patience: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for requester in requesters {
                group.addTask {
                    try await requester.end(.finish(seconds: patience), timeout: .seconds(patience + 40))
                }
            }
            try await group.waitForAll()
        }
        // Nobody tells a publisher that its events are handled.
        if isWorkers {
            for queue in try await brokers.waitUntilEmpty(within: .seconds(patience)) {
                ledger.write(.leftOver, text: queue)
            }
            await noteParked()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for agent in agents { group.addTask { try await agent.end(.end, timeout: .seconds(40)) } }
            try await group.waitForAll()
        }
        await operatorTransport.close()
        ledger.write(.closed)
    }

    /// Writes down the events that were parked.
    private func noteParked() async {
        do {
            let administration = try await exchange.openAdministration()
            for message in try await administration.parked(limit: 1000) where message.kind == "event" {
                let news = try? JSONDecoder().decode(News.self, from: message.body)
                ledger.write(.parked, request: news?.id, text: message.reason)
            }
            await administration.close()
        } catch {
            Chaos.say("the parked messages could not be read: \(error)")
        }
    }

    func stop() async {
        for player in all { await player.stop() }
        for proxy in operatorProxies { await proxy.stop() }
    }
}
