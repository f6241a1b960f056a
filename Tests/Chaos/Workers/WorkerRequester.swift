import AgentExchange
import ChaosLedger
import ExchangeTestKit
import Foundation
import Synchronization
import WorkerRuntime

/// A process that sends requests to the agents of workers, publishes events, and adds and removes subscriptions.
final class WorkerRequester: Sendable {
    private let ledger: LedgerWriter
    private let workers: WorkerRuntime
    private let sabotage: Sabotage?
    private let state: Monitor<State>

    private struct State {
        var generator: SeededGenerator
        var isFinishing = false
        var running = 0
        /// The number of events that were published for a key.
        var numbers: [String: Int] = [:]
    }

    /// Longer than all faults that come together.
    private static let deadline = Duration.seconds(90)
    /// The requests that wait for an answer at a time.
    private static let width = 8

    init(_ ledger: LedgerWriter, _ exchange: any ExchangeFactory, _ order: MemberOrder) async throws {
        self.ledger = ledger
        sabotage = order.sabotage
        state = Monitor(State(generator: SeededGenerator(seed: order.seed)))
        workers = try await Self.join(exchange)
        workers.serializers.register(Work.self, Done.self, News.self)
        ledger.write(.began)
        Chaos.say("ready")
        for _ in 0..<Self.width { repeated { await $0.ask() } }
        repeated { await $0.publish("news", to: [WorkerTypes.solver, WorkerTypes.watcher]) }
        repeated { await $0.publish("news-of-the-day", to: [WorkerTypes.watcher]) }
        let name = ledger.process.replacingOccurrences(of: "#", with: "-")
        repeated { await $0.subscribe(to: "kept-\(name)", "extra-\(name)") }
    }

    /// Faults may be there from the beginning.
    private static func join(_ exchange: any ExchangeFactory) async throws -> WorkerRuntime {
        while true {
            do throws(ExchangeError) {
                return try await WorkerRuntime(on: exchange)
            } catch {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    func take(_ command: MemberCommand) {
        if case .finish(let seconds) = command { Task { await self.finish(.seconds(seconds)) } }
    }

    /// Repeats a step until the end of the run.
    private func repeated(_ step: @escaping @Sendable (WorkerRequester) async -> Void) {
        state.update { $0.running += 1 }
        Task {
            while !isFinishing {
                await step(self)
                let pace = state.update { Int.random(in: 20...120, using: &$0.generator) }
                try? await Task.sleep(for: .milliseconds(pace))
            }
            state.update { $0.running -= 1 }
        }
    }

    private var isFinishing: Bool { state.update { $0.isFinishing } }

    private func key() -> String {
        state.update { WorkerTypes.keys.randomElement(using: &$0.generator) ?? "" }
    }

    private func ask() async {
        let (id, key) = (UUID(), key())
        let begun = ContinuousClock.now
        let address = AgentAddress(WorkerTypes.solver, key: key)
        ledger.write(.send, request: id, mailbox: WorkerTypes.mailbox(address.type, key), number: 0, text: "call")
        do throws(ExchangeError) {
            let done = try await workers.send(Work(id: id), to: address, returning: Done.self, deadline: Self.deadline)
            ledger.write(.accepted, request: id)
            ledger.write(.answer, request: id, code: LedgerEvent.result, text: done?.text)
        } catch let error where error.delivery == .delivered && error.code != .deadlineExceeded {
            // The error is the answer. One at the deadline, by whichever side, is none: the worker had more time than it needs.
            ledger.write(.accepted, request: id)
            ledger.write(.answer, request: id, code: error.code.rawValue)
        } catch {
            let isOver = begun.duration(to: .now) >= Self.deadline - .seconds(2)
            let isGone = error.delivery == .unknown
            let delivery = isOver ? "unanswered" : isGone ? "gone" : error.delivery.rawValue
            ledger.write(.failed, request: id, code: error.code.rawValue, delivery: delivery)
            // Before the workers have registered their types.
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    // MARK: Events

    /// Publishes an event for a key. The events for one key are published one after another.
    private func publish(_ topic: String, to types: [String]) async {
        let id = UUID()
        let key = topic + key()
        let number = state.update { state in
            state.numbers[key, default: 0] += 1
            return state.numbers[key, default: 0]
        }
        // An event that is published before the workers have subscribed is dropped.
        guard await isReady() else { return }
        ledger.write(.send, request: id, number: number, code: types.joined(separator: ","), text: "event")
        do throws(ExchangeError) {
            let published = try await workers.publish(News(id: id), to: Topic(topic, source: key))
            ledger.write(.accepted, request: id, code: published.hasSubscribers ? nil : LedgerEvent.untaken)
        } catch {
            ledger.write(.failed, request: id, code: error.code.rawValue, delivery: error.delivery.rawValue)
        }
    }

    /// Returns whether the subscriptions of the workers are listed.
    private func isReady() async -> Bool {
        if ready.value { return true }
        guard let listed = try? await workers.subscriptions() else { return false }
        let types = Set(listed.map(\.agentType))
        if types.isSuperset(of: [WorkerTypes.solver, WorkerTypes.watcher]) { ready.set() }
        return ready.value
    }

    private let ready = Once()

    /// A flag that is set once.
    private final class Once: Sendable {
        private let state = Mutex(false)
        var value: Bool { state.withLock { $0 } }
        func set() { state.withLock { $0 = true } }
    }

    /// Adds two subscriptions, and publishes an event for each. Then removes the second one, and publishes an event that no agent
    /// may handle. The event before it may be dropped, if it still waits.
    private func subscribe(to kept: String, _ prefix: String) async {
        // Another topic each time: an event that waits may match a later subscription.
        let removed = "\(prefix)-\(UUID().uuidString.lowercased())"
        guard await add(kept) != nil else { return }
        await publish(kept, to: [WorkerTypes.deaf])
        guard let id = await add(removed) else { return }
        await publish(removed, to: [WorkerTypes.deaf + "?"])
        if sabotage == .ignoreRemovals { return await publish(removed, to: []) }
        do throws(ExchangeError) {
            try await workers.unsubscribe(id: id)
            await publish(removed, to: [])
        } catch {
            // It may be removed, and workers may not have been told yet.
            await publish(removed, to: [WorkerTypes.deaf + "?"])
        }
    }

    private func add(_ topic: String) async -> String? {
        let wanted = Subscription(.type(topic), agentType: WorkerTypes.deaf)
        return await untilDone { try await $0.subscribe(wanted, adopting: true) }?.id
    }

    /// Repeats a step until it succeeds; `nil` when the run ends first.
    private func untilDone<Value: Sendable>(
        _ step: (WorkerRuntime) async throws -> Value
    ) async -> Value? {
        while !isFinishing {
            if let value = try? await step(workers) { return value }
            try? await Task.sleep(for: .milliseconds(100))
        }
        return nil
    }

    // MARK: Finishing

    private func finish(_ patience: Duration) async {
        state.update { $0.isFinishing = true }
        _ = try? await state.wait(for: "the ends of the steps", timeout: patience) { $0.running == 0 ? true : nil }
        ledger.write(.finished)
        Chaos.say("finished \(state.update { $0.running })")
        await workers.stop()
        ledger.write(.closed)
        exit(0)
    }
}
