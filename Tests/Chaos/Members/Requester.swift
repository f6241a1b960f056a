import AgentExchange
import ChaosLedger
import ExchangeTestKit
import Foundation

/// A requester: a user who asks several agents, each one thing after another, and writes down what comes back.
final class Requester: Sendable {
    private let ledger: LedgerWriter
    private let transport: any ExchangeTransport
    /// The client whose handles it calls, when it does not use the transport itself.
    private let client: UserExchangeClient?
    private let state: Monitor<State>

    private struct State {
        var targets: [Int: AgentRegistration] = [:]
        /// How many requests were sent to a mailbox.
        var numbers: [UUID: Int] = [:]
        /// Accepted requests without an answer.
        var waiting: Set<UUID> = []
        /// Answers that came before the send returned.
        var early: Set<UUID> = []
        var isFinishing = false
        /// Sends that have not returned.
        var sending = 0
        var generator: SeededGenerator
    }

    /// Longer than all faults that come together.
    private static let callDeadline = Duration.seconds(90)

    /// The action whose result never ends.
    static let streamAction = "stream"

    /// How many endless streams a client pulls from each agent.
    private static let streams = 3

    /// How many requests to one agent may wait for an answer.
    private static let width = 40

    init(_ ledger: LedgerWriter, _ exchange: any ExchangeFactory, _ order: MemberOrder) async throws {
        self.ledger = ledger
        state = Monitor(State(generator: SeededGenerator(seed: order.seed)))
        (transport, client) = try await Self.open(exchange, ledger, isCaller: order.isVariant)
        ledger.write(.began)
        Chaos.say("ready")
        if client == nil { Task { await self.receive() } }
    }

    /// Faults may be there from the beginning.
    private static func open(
        _ exchange: any ExchangeFactory,
        _ ledger: LedgerWriter,
        isCaller: Bool
    ) async throws -> (any ExchangeTransport, UserExchangeClient?) {
        while true {
            do throws(ExchangeError) {
                guard isCaller else { return (try await exchange.makeUserTransport(name: ledger.process), nil) }
                let client = try await exchange.makeUserClient(name: ledger.process)
                return (client.transport, client)
            } catch {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    func take(_ command: MemberCommand) async {
        switch command {
        case .ask(let slot, let registration):
            let isNew = state.update { $0.targets.updateValue(registration, forKey: slot) == nil }
            guard isNew else { return }
            Task { await self.ask(slot) }
            if let client {
                for _ in 0..<Self.streams { Task { await self.pull(slot, client) } }
            }
        case .terminate(let registration):
            Task { await self.terminate(registration) }
        case .finish(let seconds):
            Task { await self.finish(.seconds(seconds)) }
        case .serve, .end: break
        }
    }

    // MARK: Asking

    private func ask(_ slot: Int) async {
        while true {
            let next = state.update { state -> (AgentRegistration, Int, Duration, Duration?)? in
                guard !state.isFinishing, let target = state.targets[slot] else { return nil }
                let number = state.numbers[target.agentID.uuid, default: 0] + 1
                state.numbers[target.agentID.uuid] = number
                state.sending += 1
                let pace = Duration.milliseconds(Int.random(in: 20...80, using: &state.generator))
                let isUrgent = Int.random(in: 0..<8, using: &state.generator) == 0
                let deadline = isUrgent ? Duration.seconds(Int.random(in: 1...15, using: &state.generator)) : nil
                return (target, number, pace, deadline)
            }
            guard let (target, number, pace, deadline) = next else { return }
            let isOpen: Bool
            if let client {
                Task {
                    await self.call(client.handle(to: target.agentID), number)
                    self.state.update { $0.sending -= 1 }
                }
                isOpen = true
            } else {
                isOpen = await send(to: target.agentID, number, deadline)
                state.update { $0.sending -= 1 }
            }
            try? await Task.sleep(for: isOpen ? pace : .milliseconds(250))
            await waitForRoom()
        }
    }

    /// Waits until fewer requests than ``width`` for each agent have no answer, or the run ends.
    private func waitForRoom() async {
        _ = try? await state.wait(for: "room for a request", timeout: Chaos.longest) { state in
            let isFull = state.waiting.count + state.sending > Self.width * max(1, state.targets.count)
            return isFull && !state.isFinishing ? nil : true
        }
    }

    /// Returns whether the mailbox was there.
    private func send(to agent: AgentID, _ number: Int, _ deadline: Duration?) async -> Bool {
        let tag = UUID()
        do throws(ExchangeError) {
            let request = try Request(
                from: transport.mailboxID,
                to: .agent(agent),
                tag: tag,
                deadline: deadline.map { Date(timeIntervalSinceNow: $0 / .seconds(1)) },
                .action(name: "work", arguments: try ActionArguments(tag.uuidString))
            )
            ledger.write(.send, request: tag, mailbox: agent.uuid, number: number)
            try await transport.send(.request(request))
            ledger.write(.accepted, request: tag)
            state.update { state in
                if state.early.remove(tag) == nil { state.waiting.insert(tag) }
            }
            return true
        } catch {
            ledger.write(.failed, request: tag, code: error.code.rawValue, delivery: error.delivery.rawValue)
            return error.code != .mailboxTerminated
        }
    }

    /// Calls by a handle: several at a time, so their order says nothing.
    private func call(_ handle: RemoteHandle, _ number: Int) async {
        let id = UUID()
        let begun = ContinuousClock.now
        ledger.write(.send, request: id, mailbox: handle.agentID.uuid, number: number, text: "call")
        do throws(ExchangeError) {
            let arguments = try ActionArguments(id.uuidString)
            let text = try await handle.action(
                "work",
                arguments,
                returning: String.self,
                deadline: Self.callDeadline
            )
            ledger.write(.accepted, request: id)
            ledger.write(.answer, request: id, code: LedgerEvent.result, text: text)
        } catch let error where error.delivery == .delivered {
            // The error is the answer.
            ledger.write(.accepted, request: id)
            ledger.write(.answer, request: id, code: error.code.rawValue)
        } catch {
            let isOver = begun.duration(to: .now) >= Self.callDeadline
            // Such an answer counts as refused, but the agent may have had the request.
            let isGone = error.code == .mailboxTerminated || error.delivery == .unknown
            let delivery = isOver ? "unanswered" : isGone ? "gone" : error.delivery.rawValue
            ledger.write(.failed, request: id, code: error.code.rawValue, delivery: delivery)
        }
    }

    /// Pulls endless streams of whatever agent is asked in a place, each for some seconds. A requester that is killed leaves
    /// them to the agent, which must not hold their places for ever.
    private func pull(_ slot: Int, _ client: UserExchangeClient) async {
        while let target = state.update({ $0.isFinishing ? nil : $0.targets[slot] }) {
            var count = 0
            do {
                for try await _ in client.handle(to: target.agentID).stream(Self.streamAction) {
                    count += 1
                    if count == 200 || state.update({ $0.isFinishing }) { break }
                    try await Task.sleep(for: .milliseconds(20))
                }
            } catch {
                // Whatever ends a stream, another is pulled.
            }
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    private func receive() async {
        while true {
            do throws(ExchangeError) {
                guard case .response(let response) = try await transport.receive(timeout: nil) else { continue }
                note(response)
            } catch {
                Chaos.say("ended \(error.code)")
                return
            }
        }
    }

    private func note(_ response: Response) {
        switch response.outcome {
        case .success(let payload):
            let text = payload.flatMap { try? $0.decode(String.self) }
            ledger.write(.answer, request: response.tag, code: LedgerEvent.result, text: text)
        case .failure(let failure):
            ledger.write(.answer, request: response.tag, code: failure.code.rawValue)
        case .part:
            ledger.write(.answer, request: response.tag, code: "part")
        }
        state.update { state in
            if state.waiting.remove(response.tag) == nil { state.early.insert(response.tag) }
        }
    }

    // MARK: Terminating and finishing

    private func terminate(_ registration: AgentRegistration) async {
        let mailbox = registration.agentID.uuid
        ledger.write(.terminating, mailbox: mailbox)
        do throws(ExchangeError) {
            try await transport.terminate(.agent(registration.agentID))
            ledger.write(.terminated, mailbox: mailbox)
            Chaos.say("terminated \(mailbox)")
        } catch {
            ledger.write(.unterminated, mailbox: mailbox, code: error.code.rawValue)
            Chaos.say("unterminated \(mailbox)")
        }
    }

    private func finish(_ patience: Duration) async {
        state.update { $0.isFinishing = true }
        _ = try? await state.wait(for: "the last answers", timeout: patience) { state in
            state.waiting.isEmpty && state.sending == 0 ? true : nil
        }
        // Second answers would come now.
        try? await Task.sleep(for: .seconds(2))
        ledger.write(.finished)
        Chaos.say("finished \(state.update { $0.waiting.count })")
        if let client { await client.close() } else { await transport.close() }
        ledger.write(.closed)
        exit(0)
    }
}
