import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Terminations that nobody finished")
    struct AbandonedTerminationTests {
        /// One mailbox, what its author did to it, and the requests in it.
        private struct Mailbox {
            let step: TerminationStep
            let registration: AgentRegistration
            let owner: AgentExchangeClient?
            let calls: [Task<ExchangeError?, Never>]

            var queue: String { "agent.\(registration.agentID.uuid.uuidString.lowercased())" }
        }

        @Test(
            "Any session finishes them, after whichever step the author died, with an owner and without",
            arguments: kinds
        )
        func authorDies(_ kind: MailboxKind) async throws {
            // So that an owner leaves something in the mailbox.
            let scene = try await Scene(kind) { $0.prefetch = 1 }
            let user = try await scene.user()
            var mailboxes: [Mailbox] = []
            for step in TerminationStep.allCases where step != .answered {
                for isOwned in [false, true] {
                    let registration = try await user.registerAgent(AgentType("Clerk"))
                    let owner = isOwned ? try await hangingAgent(registration, scene) : nil
                    let calls = (1...3).map { _ in
                        Task { [handle = user.handle(to: registration.agentID)] in
                            await outcome { try await handle.action("hang", deadline: .seconds(90)) }.error
                        }
                    }
                    let mailbox = Mailbox(step: step, registration: registration, owner: owner, calls: calls)
                    try await eventually("the requests to be in the mailbox") {
                        let waiting = try await user.transport.details(of: .agent(registration.agentID)).queuedMessages
                        return waiting == (isOwned ? 2 : 3)
                    }
                    mailboxes.append(mailbox)
                    let author = try await PeerProcess(
                        try scene.exchange("author"),
                        environment: ["WARREN_TEST_STEP": step.rawValue]
                    )
                    _ = try await author.ask("user", for: "ready")
                    try author.process.write("terminate \(registration.agentID.uuid)")
                    let exit = try await author.process.waitForExit(timeout: .seconds(30))
                    #expect(exit == .signal(SIGKILL), "the author at \(step)")
                }
            }
            let start = ContinuousClock.now
            for call in mailboxes.flatMap(\.calls) { _ = await call.value }
            print(
                "\(kind): all requests of \(mailboxes.count) mailboxes answered \(start.duration(to: .now)) after the last death"
            )
            for mailbox in mailboxes {
                for call in mailbox.calls {
                    #expect(await call.value?.code == .mailboxTerminated, "after \(mailbox.step)")
                }
                try await eventually("the queue to be gone after \(mailbox.step)", timeout: .seconds(30)) {
                    try await scene.load(of: mailbox.queue) == nil
                }
                #expect(try await user.status(of: mailbox.registration.agentID) == .terminated)
                await mailbox.owner?.close()
            }
            try await scene.expectLoad(.empty, of: "unanswered")
            try await scene.expectLoad(.empty, of: "parked")
            #expect(scene.log.entries.filter { $0.level >= .error }.map(\.message) == [])
            await user.close()
        }

        @Test(
            "They are finished when the owner that hung goes on, or when its process ends",
            arguments: kinds,
            [SIGCONT, SIGKILL]
        )
        func ownerHangs(_ kind: MailboxKind, _ end: Int32) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await PeerProcess.agent(registration, of: scene, "owner")
            let handle = user.handle(to: registration.agentID)
            let calls = (1...3).map { _ in
                Task { await outcome { try await handle.action("hang", deadline: .seconds(90)) }.error }
            }
            for _ in 1...3 { _ = try await owner.process.line { $0 == "working 1" } }
            try await owner.process.pause()
            let author = try await PeerProcess(
                try scene.exchange("author"),
                environment: ["WARREN_TEST_STEP": TerminationStep.attached.rawValue]
            )
            _ = try await author.ask("user", for: "ready")
            try author.process.write("terminate \(registration.agentID.uuid)")
            try await author.process.waitForExit(timeout: .seconds(30))
            // Between the unbinding and the end of the queue.
            let late = await outcome { try await handle.ping() }
            #expect(late.error?.code == .mailboxTerminated)
            #expect(late.error?.delivery == .refused)
            owner.process.signal(end)
            for call in calls { #expect(await call.value?.code == .mailboxTerminated) }
            let queue = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            try await eventually("the queue to be gone", timeout: .seconds(30)) {
                try await scene.load(of: queue) == nil
            }
            try await scene.expectLoad(.empty, of: "unanswered")
            await user.close()
        }

        @Test("A session that starts later finishes what nobody was there to finish", arguments: kinds)
        func nobodyWasThere(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let asker = try await user.registerAgent(AgentType("Asker"))
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let first = try await scene.exchange().makeAgentTransport(asker, mode: .exclusive)
            let request = try Request(from: first.mailboxID, to: .agent(registration.agentID), .ping)
            try await first.send(.request(request))
            await first.close()
            await user.close()
            let author = try await PeerProcess(
                try scene.exchange("author"),
                environment: ["WARREN_TEST_STEP": TerminationStep.announced.rawValue]
            )
            _ = try await author.ask("user", for: "ready")
            try author.process.write("terminate \(registration.agentID.uuid)")
            try await author.process.waitForExit(timeout: .seconds(30))

            let late = try await scene.exchange("late").makeUserTransport(name: nil)
            let queue = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            try await eventually("the queue to be gone", timeout: .seconds(20)) {
                try await scene.load(of: queue) == nil
            }
            let second = try await scene.exchange("late").makeAgentTransport(asker, mode: .exclusive)
            guard case .response(let response) = try await second.receive(timeout: .seconds(10)),
                case .failure(let failure) = response.outcome
            else { throw CocoaError(.coderValueNotFound) }
            #expect(response.tag == request.tag)
            #expect(failure.code == .mailboxTerminated)
            await second.close()
            await late.close()
        }

        @Test("A dead letter whose answer was sent by a process that died then is answered once", arguments: kinds)
        func answeredByTheDead(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.exchange().makeUserTransport(name: nil)
            let registration = try await user.registerAgent(AgentType("Clerk"))
            var tags: Set<UUID> = []
            func take(_ message: Message) {
                guard case .response(let response) = message else { return }
                #expect(tags.remove(response.tag) != nil, "an answer that nobody waited for, or a second one")
            }
            for _ in 1...3 {
                let mortal = try await PeerProcess(
                    try scene.exchange("mortal"),
                    environment: ["WARREN_TEST_STEP": TerminationStep.answered.rawValue]
                )
                _ = try await mortal.ask("user", for: "ready")
                // Both sessions serve dead letters; send until it was the other's turn.
                while mortal.process.exit == nil {
                    let deadline = Date(timeIntervalSinceNow: 0.15)
                    let request = try Request(
                        from: user.mailboxID,
                        to: .agent(registration.agentID),
                        deadline: deadline,
                        .ping
                    )
                    tags.insert(request.tag)
                    do throws(ExchangeError) {
                        try await user.send(.request(request))
                    } catch {
                        // On a busy machine the deadline may pass before the broker confirms.
                        #expect(error.code == .deadlineExceeded)
                        continue
                    }
                    take(try await user.receive(timeout: .seconds(30)))
                }
            }
            try await scene.expectLoad(.empty, of: "unanswered")
            // Answers to requests whose sending was not confirmed in time, and no second ones.
            while let late = try? await user.receive(timeout: .seconds(1)) { take(late) }
            try await user.terminate(.agent(registration.agentID))
            await user.close()
        }

        /// An agent that answers nothing.
        private func hangingAgent(_ registration: AgentRegistration, _ scene: Scene) async throws -> AgentExchangeClient
        {
            try await scene.exchange("owner").makeAgentClient(registration) { request, _ in
                guard case .action = request.body else { return request.response() }
                try await Task.sleep(for: .seconds(3600))
                return request.response()
            }
        }
    }
}
