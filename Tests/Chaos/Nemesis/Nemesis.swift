import ChaosLedger
import ExchangeTestKit
import Foundation

/// Carries out a plan.
final class Nemesis: Sendable {
    let cast: Cast
    let brokers: Brokers
    private let plan: NemesisPlan
    private let isQuiet: Bool
    private let begun = ContinuousClock.now

    /// A broker that is killed within seconds after it made its first stream does not find it again.
    private static let youth = Duration.seconds(20)

    init(_ cast: Cast, _ brokers: Brokers, _ plan: NemesisPlan, isQuiet: Bool) {
        self.cast = cast
        self.brokers = brokers
        self.plan = plan
        self.isQuiet = isQuiet
    }

    /// Breaks things for a time. When this returns everything is healed.
    func run(for duration: Duration) async throws {
        var plan = plan
        let end = ContinuousClock.now + duration
        try await Task.sleep(for: .seconds(2))
        while ContinuousClock.now < end {
            let (steps, calm) = plan.next()
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Two things that happen to one process would undo each other.
                var taken: Set<String> = []
                for step in steps {
                    let target = target(of: step)
                    let name = target?.role ?? (step.fault.isOperators ? "operator" : step.fault.rawValue)
                    if taken.insert(name).inserted {
                        group.addTask { try await self.carryOut(step, target) }
                    }
                }
                try await group.waitForAll()
            }
            try await Task.sleep(for: calm)
        }
    }

    /// The process that a step is about.
    private func target(of step: NemesisPlan.Step) -> Player? {
        let mortals = Array(cast.requesters.dropFirst(Cast.survivors))
        let choice: [Player]
        switch step.fault {
        case .kill: choice = cast.agents + mortals
        case .end: choice = cast.agents
        case .terminateAndDie: choice = mortals
        case .stop, .reset, .cut, .delay, .halfOpen, .stall, .cutWithin: choice = cast.all
        case .terminate, .restart, .crash, .freeze, .alarm, .revoke, .limit, .flood, .operatorCut, .operatorStall:
            return nil
        }
        return choice[step.target % choice.count]
    }

    private func carryOut(_ step: NemesisPlan.Step, _ player: Player?) async throws {
        switch step.fault {
        case .restart, .crash, .freeze, .alarm: try await carryOut(onBroker: step)
        case .revoke: try await revoke(step)
        case .limit: try await limit(step)
        case .flood: try await during(step, on: "directory") { await cast.flood(for: step.hold) }
        case .operatorCut, .operatorStall: try await carryOut(onOperator: step)
        case .terminate: try await terminate(step)
        case .terminateAndDie: try await terminate(step, killing: player)
        default: if let player { try await carryOut(step, on: player) }
        }
    }

    /// Writes down a fault, from its beginning to its healing.
    func during(_ step: NemesisPlan.Step, on target: String, _ body: () async throws -> Void) async throws {
        let name = step.fault.rawValue
        say("\(name) \(target)")
        cast.ledger.write(LedgerEvent(target, .fault, number: step.number, text: name))
        try await body()
        cast.ledger.write(LedgerEvent(target, .healed, number: step.number, text: name))
        say("healed: \(name) \(target)")
    }

    func say(_ text: String) {
        guard !isQuiet else { return }
        let seconds = begun.duration(to: .now) / .seconds(1)
        Chaos.say(String(format: "%6.1f s  ", seconds) + text)
    }

    /// Takes the right to publish from all agents, or from all requesters, and gives it back.
    ///
    /// A channel keeps the rights that it has used, so half of the time the connections are reset too.
    private func revoke(_ step: NemesisPlan.Step) async throws {
        let players = step.dice % 2 == 0 ? cast.agents : cast.requesters
        guard let user = players.first?.kind.brokerUser else { return }
        try await during(step, on: "broker") {
            try await brokers.allow(user, toWrite: "^$")
            if step.dice / 2 % 2 == 0 { try await reset(players) }
            try await Task.sleep(for: step.hold)
            try await brokers.allow(user, toWrite: ".*")
        }
    }

    /// Lowers the largest body that the broker takes. A channel keeps the limit that it began with, so the connections are
    /// reset, also after the limit is lifted.
    private func limit(_ step: NemesisPlan.Step) async throws {
        let players = step.dice % 2 == 0 ? cast.agents : cast.all
        try await during(step, on: "broker") {
            try await brokers.limitBodies(to: 16)
            try await reset(players)
            try await Task.sleep(for: step.hold)
            try await brokers.limitBodies(to: Brokers.largestBody)
            try await reset(players)
        }
    }

    private func reset(_ players: [Player]) async throws {
        for player in players {
            for proxy in player.proxies { try await proxy.resetConnections() }
        }
    }

    private func carryOut(onBroker step: NemesisPlan.Step) async throws {
        let index = step.target % brokers.nodes.count
        let node = brokers.nodes[index]
        var step = step
        if step.fault == .crash, begun.duration(to: .now) < Self.youth { step = step.with(.restart) }
        if step.fault == .crash, brokers.nodes.count == 1 { try await cast.waitUntilGrown() }
        try await during(step, on: brokers.nodes.count == 1 ? "broker" : "broker-\(index + 1)") {
            switch step.fault {
            case .restart:
                try await node.restart()
            case .crash:
                try await node.kill()
                try await Task.sleep(for: step.hold / 4)
                try await node.restart()
            case .freeze:
                try await node.pause()
                try await Task.sleep(for: step.hold)
                try await node.resume()
            default:
                try await node.control("set_vm_memory_high_watermark", "0.0001")
                try await Task.sleep(for: step.hold)
                try await node.control("set_vm_memory_high_watermark", "0.4")
            }
            try await brokers.waitUntilWhole()
        }
    }

    private func terminate(_ step: NemesisPlan.Step) async throws {
        let author = step.dice % 2 == 0 ? cast.requesters[step.dice / 2 % cast.requesters.count] : nil
        let slot = step.target % Cast.places
        try await during(step, on: "mailbox-\(slot + 1)") {
            try await cast.terminate(slot, by: author, killing: nil) {}
        }
    }

    private func terminate(_ step: NemesisPlan.Step, killing author: Player?) async throws {
        guard let author else { return }
        let slot = step.dice % Cast.places
        try await during(step, on: author.role) {
            try await cast.terminate(slot, by: author, killing: .milliseconds(step.dice % 40)) {
                try await author.kill()
            }
            try author.start()
            cast.noteBirth()
        }
    }
}

extension NemesisPlan.Step {
    /// The same with another fault.
    func with(_ fault: Fault) -> NemesisPlan.Step {
        NemesisPlan.Step(number: number, fault: fault, target: target, hold: hold, dice: dice)
    }
}
