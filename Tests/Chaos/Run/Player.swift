import AgentExchange
import ChaosLedger
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Synchronization

/// A place in the cast: one process at a time, behind proxies of its own, and the next life when it was killed.
final class Player: Sendable {
    let role: String
    let kind: MemberOrder.Role
    /// One for each node of the broker.
    let proxies: [FaultProxy]
    private let brokers: Brokers
    private let directory: String
    private let configuration: RabbitMQConfiguration
    private let seed: UInt64
    private let isVariant: Bool
    private let options: Options
    private let ledger: LedgerWriter
    private let state = Mutex(State())
    /// What the lives said.
    private let lines = Monitor<[String]>([])

    private struct State {
        var life = 0
        var child: ChildProcess?
        /// The lives whose end is meant.
        var meant: Set<String> = []
        /// What every life is told.
        var asked: [Int: AgentRegistration] = [:]
        var served: [AgentRegistration] = []
    }

    init(
        _ kind: MemberOrder.Role,
        _ number: Int,
        _ brokers: Brokers,
        _ directory: String,
        _ configuration: RabbitMQConfiguration,
        isVariant: Bool,
        options: Options,
        ledger: LedgerWriter
    ) throws {
        self.isVariant = isVariant
        self.options = options
        self.kind = kind
        role = "\(kind.rawValue)-\(number)"
        proxies = try brokers.nodes.map { try FaultProxy(targetPort: $0.port) }
        self.brokers = brokers
        self.directory = directory
        self.configuration = configuration
        seed = options.seed &+ UInt64(number) &* 1000 &+ (kind == .agent ? 500 : 0)
        self.ledger = ledger
    }

    /// Begins a life, when there is none.
    func start() throws {
        let (life, isWanted) = state.withLock { state in
            if let child = state.child, child.exit == nil { return (0, false) }
            state.life += 1
            return (state.life, true)
        }
        guard isWanted else { return }
        let name = "\(role)#\(life)"
        var configuration = configuration
        configuration.connectionName = name
        let url = brokers.url(user: kind.brokerUser, ports: proxies.map(\.listenPort))
        let exchange = try RabbitMQExchange(
            url: url,
            namespace: "chaos",
            configuration: configuration
        )
        let order = MemberOrder(
            role: kind,
            name: name,
            directory: directory,
            exchange: exchange,
            isHybrid: options.isHybrid,
            seed: seed &+ UInt64(life),
            isWorkers: options.isWorkers,
            sabotage: options.sabotage,
            isVariant: isVariant
        )
        // A decoded factory takes its password from there.
        let child = try ChildProcess(
            try ProductsDirectory.executable("chaos"),
            ["member"],
            environment: ["WARREN_BROKER": url]
        )
        try child.write(order.line())
        let commands = state.withLock { state in
            state.child = child
            return state.asked.map { MemberCommand.ask(slot: $0.key, $0.value) }
                + state.served.map { MemberCommand.serve($0) }
        }
        for command in commands { try child.write(command.line()) }
        Task { await self.watch(child, name) }
    }

    private func watch(_ child: ChildProcess, _ name: String) async {
        while let line = try? await child.nextLine(timeout: Chaos.longest) {
            lines.update { $0.append("\(name) \(line)") }
        }
        guard let exit = try? await child.waitForExit(timeout: .seconds(60)) else { return }
        let isMeant = state.withLock { $0.meant.contains(name) }
        let text = isMeant ? nil : "\(exit) \(child.standardError.suffix(500))"
        ledger.write(LedgerEvent(name, .died, text: text))
    }

    // MARK: Commands

    /// The name of the life that is there.
    var name: String { "\(role)#\(state.withLock { $0.life })" }

    func ask(_ slot: Int, _ registration: AgentRegistration) {
        state.withLock { $0.asked[slot] = registration }
        tell(.ask(slot: slot, registration))
    }

    func serve(_ registration: AgentRegistration) {
        state.withLock { $0.served.append(registration) }
        tell(.serve(registration))
    }

    /// No later life serves this mailbox.
    func forget(_ registration: AgentRegistration) {
        state.withLock { $0.served.removeAll { $0 == registration } }
    }

    func tell(_ command: MemberCommand) {
        let child = state.withLock { $0.child }
        // One that has died is told by its next life.
        try? child?.write(command.line())
    }

    /// Waits until this life has said something.
    func says(_ timeout: Duration, _ condition: @escaping @Sendable (Substring) -> Bool) async throws -> String {
        let prefix = name + " "
        return try await lines.wait(for: "a word of \(prefix)", timeout: timeout) { lines in
            lines.first { $0.hasPrefix(prefix) && condition($0.dropFirst(prefix.count)) }
        }
    }

    // MARK: Ends

    func signal(_ number: Int32) {
        state.withLock { $0.child }?.signal(number)
    }

    /// Kills it, and returns when it is gone.
    func kill() async throws {
        let child = state.withLock { state in
            state.meant.insert("\(role)#\(state.life)")
            return state.child
        }
        child?.signal(SIGKILL)
        try await child?.waitForExit(timeout: .seconds(20))
    }

    /// Has it end in order; kills it when it does not.
    ///
    /// - Returns: Whether it ended by itself.
    @discardableResult
    func end(_ command: MemberCommand, timeout: Duration) async throws -> Bool {
        let child = state.withLock { state in
            state.meant.insert("\(role)#\(state.life)")
            return state.child
        }
        try? child?.write(command.line())
        if (try? await child?.waitForExit(timeout: timeout)) != nil { return true }
        try await kill()
        return false
    }

    /// What the network does to it.
    func network(_ mode: FaultProxy.Mode) async throws {
        for proxy in proxies { try await proxy.set(mode) }
    }

    func stop() async {
        try? await kill()
        for proxy in proxies { await proxy.stop() }
    }
}
