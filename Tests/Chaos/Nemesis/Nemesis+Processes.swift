import ExchangeTestKit
import Foundation

/// What happens to a single process and to its network.
extension Nemesis {
    func carryOut(_ step: NemesisPlan.Step, on player: Player) async throws {
        try await during(step, on: player.role) {
            switch step.fault {
            case .kill:
                try await player.kill()
                try await Task.sleep(for: step.hold / 3)
                try player.start()
                cast.noteBirth()
                // Sometimes again while it begins, or recovers what it had.
                for round in 0..<(step.dice % 3) {
                    try await Task.sleep(for: .milliseconds(100 + step.dice * (round + 1) % 1500))
                    try await player.kill()
                    try player.start()
                    cast.noteBirth()
                }
            case .end:
                let isInOrder = try await player.end(.end, timeout: .seconds(40))
                if !isInOrder { say("\(player.role) did not end, and was killed") }
                try player.start()
                cast.noteBirth()
            case .stop:
                player.signal(SIGSTOP)
                try await Task.sleep(for: step.hold)
                player.signal(SIGCONT)
            case .reset:
                for proxy in player.proxies { try await proxy.resetConnections() }
            case .cutWithin:
                let direction: FaultProxy.Directions = step.dice % 2 == 0 ? .toTarget : .toClient
                let count = step.dice * 7 % 3000
                for proxy in player.proxies { try await proxy.cut(afterBytes: count, direction) }
                try await Task.sleep(for: .seconds(1))
            default:
                try await player.network(mode(of: step))
                // Sometimes for more than twice the limit of an operation.
                let isLong = step.dice % 4 == 0 && step.fault != .delay
                try await Task.sleep(for: isLong ? step.hold + .seconds(14) : step.hold)
                // What vanished is missing in the middle of a connection: none goes on.
                if step.fault == .halfOpen { try await player.network(.reset) }
                try await player.network(.pass)
            }
        }
    }

    func carryOut(onOperator step: NemesisPlan.Step) async throws {
        try await during(step, on: "operator") {
            for proxy in cast.operatorProxies {
                try await proxy.set(step.fault == .operatorCut ? .reset : .stall)
            }
            try await Task.sleep(for: step.hold)
            for proxy in cast.operatorProxies { try await proxy.set(.pass) }
        }
    }

    private func mode(of step: NemesisPlan.Step) -> FaultProxy.Mode {
        switch step.fault {
        case .cut: return .reset
        case .delay: return .delay(.milliseconds(step.dice / 2))
        case .stall: return .stall
        default:
            let directions: [FaultProxy.Directions] = [.toTarget, .toClient, .both]
            return .drop(directions[step.dice % 3])
        }
    }
}
