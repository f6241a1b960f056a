import AgentExchange
import Foundation
internal import Primitives

/// A mailbox that is terminated while others send to it.
enum TerminationUnderLoadCases {
    private static let subject = "termination under load"

    static let all = [
        ConformanceCase(
            subject,
            "publishers that send while a mailbox is terminated get one answer to each accepted request",
            patience: { 10 + 2 * $0.terminations }
        ) { scope in
            for round in 0..<scope.environment.scale.terminations {
                try await scope.part { part in
                    try await terminateUnderPublishers(elsewhere: round.isMultiple(of: 2), in: part)
                }
            }
        },
        ConformanceCase(
            subject,
            "calls that are made while an agent is terminated end with a result or mailboxTerminated",
            patience: { _ in 10 }
        ) { scope in
            let users = [try await scope.userClient(), try await scope.userClient(elsewhere: true)]
            let agent = try await scope.serve(for: users[0], handler: TestHandlers.double).agentID
            let answered = Collected<Int>()
            let terminated = Signal()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<scope.environment.scale.publishers {
                    let handle = users[caller % 2].handle(to: agent)
                    group.addTask {
                        try await expectThrows(.mailboxTerminated, by: "the last call to the agent") {
                            while true {
                                let result = try await handle.action("double", ActionArguments(3), returning: Int.self)
                                if answered.add(result) == 50 { terminated.set() }
                            }
                        }
                    }
                }
                group.addTask {
                    try await scope.wait(for: terminated, "fifty calls to be answered")
                    try await users[1].terminate(agent)
                }
                try await group.waitForAll()
            }
            try expect(answered.elements.allSatisfy { $0 == 6 }, "every result to be right")
        },
    ]

    /// Uses one mailbox, in which the owner answers half of the requests before it is terminated.
    private static func terminateUnderPublishers(elsewhere: Bool, in scope: CaseScope) async throws {
        let terminator = try await scope.user(elsewhere: elsewhere)
        let agent = try await scope.agent(try await scope.register(by: terminator))
        let busy = Signal()
        let accepted = Collected<UUID>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<scope.environment.scale.publishers {
                let publisher = try await scope.user(elsewhere: index.isMultiple(of: 2))
                group.addTask {
                    let sent = try await publish(to: agent.mailboxID, from: publisher, accepted, busy, in: scope)
                    try await expectOneAnswer(to: sent, at: publisher, in: scope)
                }
            }
            group.addTask {
                try await expectThrows(.mailboxTerminated, by: "the owner of a terminated mailbox") {
                    while true {
                        // The owner answers every other request, and holds some when the end comes.
                        guard case .request(let request) = try await agent.receive(timeout: scope.environment.timeout),
                            request.tag.uuid.15.isMultiple(of: 2)
                        else { continue }
                        try await agent.send(.response(request.response()))
                    }
                }
            }
            group.addTask {
                try await scope.wait(for: busy, "the publishers to be busy")
                try await withTimeout(scope.environment.timeout, "terminate to return") {
                    try await terminator.terminate(agent.mailboxID)
                }
            }
            try await group.waitForAll()
        }
        try expectEqual(try await terminator.status(of: agent.mailboxID), .terminated, "the status in the end")
    }

    /// Sends until the mailbox is terminated, and returns the tags of the accepted requests.
    private static func publish(
        to agent: EntityID,
        from publisher: any ExchangeTransport,
        _ accepted: Collected<UUID>,
        _ busy: Signal,
        in scope: CaseScope
    ) async throws -> Set<UUID> {
        let enough = scope.environment.scale.publishers * 20
        var sent: Set<UUID> = []
        let error = try await expectThrows(.mailboxTerminated, by: "the last send") {
            while true {
                sent.insert(try await scope.ping(agent, from: publisher).tag)
                if accepted.add(agent.uuid) >= enough { busy.set() }
                // Far ahead of the termination, waits until it begins, so that the mailbox does not grow without a
                // bound.
                if sent.count.isMultiple(of: 500) { try await scope.wait(for: busy, "the publishers to be busy") }
            }
        }
        try expectUndelivered(error)
        return sent
    }

    /// Checks that each request is answered once, with a result or with the termination, and that nothing else arrives.
    private static func expectOneAnswer(
        to sent: Set<UUID>,
        at publisher: any ExchangeTransport,
        in scope: CaseScope
    ) async throws {
        var left = sent
        for number in 1...max(1, sent.count) where !left.isEmpty {
            let response = try await scope.receiveResponse(at: publisher)
            if case .failure = response.outcome { try expectFailure(.mailboxTerminated, response) }
            let isOpen = left.remove(response.tag) != nil
            try expect(isOpen, "one answer to each of \(sent.count) requests", seen: "as number \(number) \(response)")
        }
        try await scope.expectNothing(at: publisher)
    }
}
