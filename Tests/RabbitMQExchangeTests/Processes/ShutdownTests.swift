import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Shutdown under load")
    struct ShutdownTests {
        @Test(
            "Processes that are ended with SIGTERM under load lose no request, run none twice, and answer none twice",
            arguments: places
        )
        func terminated(_ kind: MailboxKind, _ way: MessageWay) async throws {
            let scene = try await Scene(kind, by: way)
            let users = [try await scene.user("one"), try await scene.user("two"), try await scene.user("three")]
            let registration = try await users[0].registerAgent(AgentType("Clerk"))
            let numbers = Monitor(0)
            let isOver = Monitor(false)
            let ran = Monitor<[Int: Int]>([:])
            // Callers: each asks again as soon as it has an answer.
            let callers = users.flatMap { user in
                (1...16).map { _ in
                    Task {
                        var wrong: [String] = []
                        while !isOver.value {
                            let number = numbers.update { count in
                                count += 1
                                return count
                            }
                            do throws(ExchangeError) {
                                let handle = user.handle(to: registration.agentID)
                                let answer = try await handle.action(
                                    "count",
                                    ActionArguments(number),
                                    returning: Int.self
                                )
                                if answer != number { wrong.append("\(number): \(answer)") }
                            } catch {
                                wrong.append("\(number): \(error)")
                            }
                        }
                        return wrong
                    }
                }
            }
            let rounds = LongForm.isWanted ? 10 : 4
            for round in 1...rounds {
                let agent = try await PeerProcess(try scene.exchange("agent \(round)"))
                try agent.order(registration)
                let reader = Task {
                    while let line = try await agent.process.nextLine(timeout: .seconds(60)) {
                        let words = line.split(separator: " ")
                        guard words.first == "ran", let number = words.dropFirst().first.flatMap({ Int($0) }) else {
                            continue
                        }
                        ran.update { $0[number, default: 0] += 1 }
                    }
                }
                let before = ran.value.count
                try await eventually("load", timeout: .seconds(30)) { ran.value.count > before + 500 }
                if round == rounds { isOver.update { $0 = true } }
                agent.process.signal(SIGTERM)
                if round == rounds {
                    // What is left is for the last one.
                    try await agent.process.waitForExit(timeout: .seconds(30))
                    let last = try await PeerProcess(try scene.exchange("last"))
                    try last.order(registration)
                    let isServing = Monitor(false)
                    let rest = Task {
                        while let line = try await last.process.nextLine(timeout: .seconds(60)) {
                            if line == "ready" { isServing.update { $0 = true } }
                            let words = line.split(separator: " ")
                            guard words.first == "ran", let number = words.dropFirst().first.flatMap({ Int($0) }) else {
                                continue
                            }
                            ran.update { $0[number, default: 0] += 1 }
                        }
                    }
                    for caller in callers { #expect(await caller.value == []) }
                    // All may have been answered before it serves: then nothing waits for it.
                    try await eventually("the last one serves", timeout: .seconds(30)) { isServing.value }
                    last.process.signal(SIGTERM)
                    #expect(try await last.process.waitForExit(timeout: .seconds(30)) == .code(0))
                    try await rest.value
                }
                #expect(try await agent.process.waitForExit(timeout: .seconds(30)) == .code(0))
                try await reader.value
            }
            let twice = ran.value.filter { $0.value > 1 }
            #expect(twice.isEmpty, "run more than once")
            #expect(ran.value.count == numbers.value)
            print("\(kind), \(way): \(numbers.value) requests over \(rounds + 1) processes, \(twice.count) run twice")
            let seconds = scene.log.entries.filter { "\($0.message)".contains("second copy") }
            #expect(seconds.isEmpty, "answered twice")
            try await scene.expectLoad(.empty, of: "agent.\(registration.agentID.uuid.uuidString.lowercased())")
            try await scene.expectLoad(.empty, of: "unanswered")
            for user in users { await user.close() }
        }

    }
}
