import AgentExchange
import ChaosLedger
import ExchangeTestKit
import Foundation

/// A process that serves mailboxes, one as a loop of its own over a transport, the next with a client.
final class Server: Sendable {
    let ledger: LedgerWriter
    let exchange: any ExchangeFactory
    private let mode: AttachMode
    private let state: Monitor<State>

    /// How many requests the loops of this process execute at a time.
    private static let width = 4

    private struct State {
        var generator: SeededGenerator
        var isEnding = false
        var services: [Task<Void, Never>] = []
        var clients: [AgentExchangeClient] = []
        var transports: [any ExchangeTransport] = []
        var running = 0
    }

    init(_ ledger: LedgerWriter, _ exchange: any ExchangeFactory, _ order: MemberOrder) {
        self.ledger = ledger
        self.exchange = exchange
        mode = order.isVariant ? .standby : .exclusive
        state = Monitor(State(generator: SeededGenerator(seed: order.seed)))
        ledger.write(.began)
        Chaos.say("ready")
    }

    var isEnding: Bool { state.update { $0.isEnding } }

    func take(_ command: MemberCommand) async {
        switch command {
        case .serve(let registration):
            let service = Task { await self.serve(registration) }
            state.update { $0.services.append(service) }
        case .end:
            Task { await self.end() }
        case .ask, .terminate, .finish: break
        }
    }

    /// Serves a mailbox until it is gone, or this process ends.
    private func serve(_ registration: AgentRegistration) async {
        let mailbox = registration.agentID.uuid
        // The digits of a UUID are random: one half of the mailboxes is served in each way.
        let isLoop = mailbox.uuid.15 % 2 == 0
        while !isEnding {
            let error = isLoop ? await loop(registration) : await client(registration)
            guard let error else { return }
            if error.code == .badEntityID || error.code == .mailboxTerminated || error.code == .closed { return }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func loop(_ registration: AgentRegistration) async -> ExchangeError? {
        let mailbox = registration.agentID.uuid
        do throws(ExchangeError) {
            ledger.write(.serving, mailbox: mailbox)
            let transport = try await exchange.makeAgentTransport(registration, mode: mode)
            guard keep({ $0.transports.append(transport) }) else {
                await transport.close()
                return nil
            }
            do throws(ExchangeError) {
                while true {
                    await waitForRoom()
                    guard case .request(let request) = try await transport.receive(timeout: nil) else { continue }
                    guard !request.asksForStream else {
                        Task { try? await transport.send(.response(request.error(.unknownAction, "no streams here"))) }
                        continue
                    }
                    ledger.write(
                        .start,
                        request: Self.id(of: request),
                        mailbox: mailbox,
                        attempt: request.attempt,
                        text: "ordered"
                    )
                    state.update { $0.running += 1 }
                    Task {
                        await self.execute(request, registration, transport)
                        self.state.update { $0.running -= 1 }
                    }
                }
            } catch {
                ledger.write(.served, mailbox: mailbox, code: error.code.rawValue)
                await transport.close()
                throw error
            }
        } catch {
            return error
        }
    }

    /// A few run at a time, so that others wait in this process.
    private func waitForRoom() async {
        _ = try? await state.wait(for: "room for a request", timeout: Chaos.longest) { state in
            state.running < Self.width || state.isEnding ? true : nil
        }
    }

    private func execute(_ request: Request, _ registration: AgentRegistration, _ transport: any ExchangeTransport)
        async
    {
        let mailbox = registration.agentID.uuid
        await work(registration)
        ledger.write(.end, request: Self.id(of: request), mailbox: mailbox)
        var answer = response(to: request, registration)
        while true {
            do throws(ExchangeError) {
                try await transport.send(.response(answer))
                ledger.write(.answered, request: Self.id(of: request), mailbox: mailbox)
                return
            } catch {
                ledger.write(.unanswered, request: Self.id(of: request), mailbox: mailbox, code: error.code.rawValue)
                if error.code == .messageTooLarge, case .success = answer.outcome {
                    answer = request.error(error.code, error.message)
                    continue
                }
                // A right that was taken away may come back.
                guard error.isRetryable || error.code == .forbidden else { return transport.giveBack(request) }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func client(_ registration: AgentRegistration) async -> ExchangeError? {
        let mailbox = registration.agentID.uuid
        do throws(ExchangeError) {
            ledger.write(.serving, mailbox: mailbox)
            let client = try await exchange.makeAgentClient(registration, mode: mode) { [self] request, client in
                if request.asksForStream { return try await Self.stream(request, client) }
                ledger.write(.start, request: Self.id(of: request), mailbox: mailbox, attempt: request.attempt)
                await work(registration)
                ledger.write(.end, request: Self.id(of: request), mailbox: mailbox)
                return response(to: request, registration)
            }
            guard keep({ $0.clients.append(client) }) else {
                await client.close()
                return nil
            }
            let error = await client.waitUntilStopped()
            ledger.write(.served, mailbox: mailbox, code: error.code.rawValue)
            await client.close()
            return error
        } catch {
            return error
        }
    }

    /// Sends parts until the requester cancels, or is gone.
    private static func stream(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        while true { try await client.send(part: try Payload(encoding: 1), of: request) }
    }

    /// Most take some milliseconds, some take seconds: more of them in the last place, where requests wait in the process.
    private func work(_ registration: AgentRegistration) async {
        let share = registration.type.name == "Agent3" ? 25 : 10
        let length = state.update { state in
            Int.random(in: 0..<1000, using: &state.generator) < share
                ? Int.random(in: 500...3000, using: &state.generator)
                : Int.random(in: 0...30, using: &state.generator)
        }
        try? await Task.sleep(for: .milliseconds(length))
    }

    /// The request, who executed it, and in which place.
    private func response(to request: Request, _ registration: AgentRegistration) -> Response {
        let id = Self.id(of: request).uuidString.lowercased()
        let text = "\(id) \(ledger.process) \(registration.type.name)"
        return (try? request.response(encoding: text)) ?? request.response()
    }

    /// What the ledgers call a request.
    private static func id(of request: Request) -> UUID {
        guard case .action(_, let arguments) = request.body, let text = try? arguments.decode(String.self) else {
            return request.tag
        }
        return UUID(uuidString: text) ?? request.tag
    }

    // MARK: Ending

    private func keep(_ body: (inout State) -> Void) -> Bool {
        state.update { state in
            if !state.isEnding { body(&state) }
            return !state.isEnding
        }
    }

    /// Takes no more, answers what runs, closes.
    private func end() async {
        let (clients, transports) = state.update { state in
            state.isEnding = true
            return (state.clients, state.transports)
        }
        let end = ContinuousClock.now + .seconds(5)
        for client in clients { await client.drain(grace: ContinuousClock.now.duration(to: end)) }
        for client in clients { await client.close() }
        for transport in transports { await transport.close() }
        ledger.write(.closed)
        Chaos.say("ended")
        exit(0)
    }
}

extension Request {
    /// Whether it is one of the endless streams, which are not in the ledger.
    fileprivate var asksForStream: Bool {
        guard case .action(let name, _) = body else { return false }
        return name == Requester.streamAction
    }
}
