internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// The share of this worker in a type that several workers have: its record among them, the slots that it has open, and a loop
/// that looks at the others.
final class SharedSlots: Sendable {
    /// The pause between two looks at the others. A worker that comes or leaves by itself says so.
    static let pause = Duration.seconds(1)

    private struct State {
        var share: SlotShare
        /// The slots, by their numbers.
        var registrations: [AgentRegistration]
        var record: TypeMembers.Record?
        /// Set when there is a reason to look.
        var news = OneShot<Void>()
        /// Set when something ended, for the one that waits for it.
        var ended: OneShot<Void>?
        var loop: Task<Void, Never>?
        var isLeaving = false
    }

    let type: HostedType
    let workers: WorkerRuntime
    /// Whether this worker registered the slots.
    let areNew: Bool
    private let members: TypeMembers
    private let steps = BackgroundTasks()
    private let state: Mutex<State>

    /// - Parameters:
    ///   - registrations: The slots, by their numbers.
    ///   - areNew: Whether this worker registered them.
    init(_ type: HostedType, _ registrations: [AgentRegistration], areNew: Bool, _ workers: WorkerRuntime) {
        self.areNew = areNew
        self.type = type
        self.workers = workers
        members = TypeMembers(type.name, worker: workers.id, absence: workers.configuration.absence)
        state = Mutex(
            State(share: SlotShare(slots: registrations.count, worker: workers.id), registrations: registrations)
        )
    }

    /// All slots of the type.
    var registrations: [AgentRegistration] { state.withLock { $0.registrations } }

    private var logger: Logger { workers.configuration.client.logger }

    /// Tells others that this worker has the type and is not started yet, so that they do not take the type for lost.
    func reserve(_ user: UserExchangeClient) async throws(ExchangeError) {
        let record = try await members.join(
            workers.exchange,
            user,
            workers.configuration.client,
            isWaiting: true
        ) {}
        state.withLock { $0.record = record }
    }

    /// Joins the workers of the type, opens slots, and goes on looking at the others. Errors are logged, and the next look tries
    /// again.
    func serve() async {
        let isFirst = state.withLock { $0.loop == nil && !$0.isLeaving }
        guard isFirst else { return }
        await look()
        let task = Task { [weak self] in
            while !Task.isCancelled {
                guard let news = self?.state.withLock({ $0.news }) else { return }
                _ = await news.wait(until: .after(Self.pause))
                guard !Task.isCancelled, let self else { return }
                state.withLock { $0.news = OneShot() }
                await look()
            }
        }
        let isLate = state.withLock { state in
            state.loop = task
            return state.isLeaving
        }
        if isLate { task.cancel() }
    }

    /// Whether a slot is this worker's share.
    func owns(_ slot: Int) -> Bool { state.withLock { $0.share.role(at: slot) == .owner } }

    /// A message of a slot came.
    func served(_ slot: Int) {
        state.withLock { $0.share.served(slot) }
    }

    /// Lets the loop look at the others now.
    func wake() {
        state.withLock { $0.news }.set()
    }

    /// Mends the type's slots and the record of this worker, looks at the others, and begins the steps that follow.
    private func look() async {
        do throws(ExchangeError) {
            let user = try workers.user()
            try await mend(user)
            // Before its record shows this worker, it stands in line for its slots: the others then give them up to it.
            let others = try await members.others(user)
            let steps = state.withLock { $0.share.look(others.serving) }
            await withDiscardingTaskGroup { group in
                for case .open(let number) in steps { group.addTask { [self] in await open(number) } }
            }
            begin(steps.filter { if case .giveUp = $0 { true } else { false } })
            try await join(user)
        } catch {
            if state.withLock({ $0.isLeaving }) || error.code == .closed { return }
            logger.warning(
                "a worker can't look at the workers that share its type",
                metadata: .init(keys: [.mailbox: type.name, .error: error.description])
            )
        }
    }

    /// Registers slots that are missing again: a worker that took itself for the last one may have ended the type.
    private func mend(_ user: UserExchangeClient) async throws(ExchangeError) {
        let found = try await user.transport.discover(
            typeNamed: TypeDirectory.slotType(type.name).name,
            allowSubtypes: false
        )
        let known = registrations
        if TypeDirectory.slots(of: type.name, among: found) == known.map(\.agentID) { return }
        if state.withLock({ $0.isLeaving }) { return }
        let registrations = try await TypeSlots.register(type, user).slots
        state.withLock { $0.registrations = registrations }
        workers.directory.forget(type.name)
        try await workers.claims.subscribe(type, registrations.map(\.agentID), user)
    }

    private func join(_ user: UserExchangeClient) async throws(ExchangeError) {
        let old = state.withLock { $0.record }
        if let old, !old.isWaiting {
            if try await user.transport.recentDetails(of: old.client.id).status == .active { return }
            // Others took this worker for lost.
            await old.client.close()
        }
        let record = try await members.join(
            workers.exchange,
            user,
            workers.configuration.client
        ) { [weak self] in self?.wake() }
        let isLate = state.withLock { state in
            state.record = record
            return state.isLeaving
        }
        if let old, old.isWaiting { await remove(old, user) }
        if isLate { return await remove(record, user) }
        await members.announce(user)
    }

    private func remove(_ record: TypeMembers.Record, _ user: UserExchangeClient?) async {
        try? await user?.terminate(record.registration.agentID)
        await record.client.close()
    }

    // MARK: - Steps

    private func begin(_ steps: [SlotShare.Step]) {
        for step in steps {
            self.steps.start { [self] in
                switch step {
                case .open(let number): await open(number)
                case .giveUp(let number): await giveUp(number)
                }
                state.withLock { state in
                    defer { state.ended = nil }
                    return state.ended
                }?.set()
            }
        }
    }

    private func open(_ number: Int) async {
        let registration = state.withLock { $0.registrations[number] }
        do throws(ExchangeError) {
            let transport = try await workers.exchange.makeAgentTransport(registration, mode: .standby)
            let slot = Slot(type, number: number, registration, isAdopted: true, transport, workers)
            type.claim(slot, number: number)
            slot.serve()
            begin(state.withLock { $0.share.opened(number) })
        } catch {
            state.withLock { $0.share.failed(number) }
            logger.info(
                "a slot of a shared type could not be opened",
                metadata: .init(keys: [.mailbox: "\(type.name)/\(number)", .error: error.description])
            )
        }
    }

    private func giveUp(_ number: Int) async {
        let (grace, patience) = (workers.configuration.gracePeriod, workers.configuration.handOverPeriod)
        if let slot = type.slots.first(where: { $0.number == number }) {
            let limit = state.withLock { $0.isLeaving } ? grace : patience
            await slot.handOver(until: .after(limit), closing: grace)
            type.claim(nil, number: number)
        }
        begin(state.withLock { $0.share.closed(number) })
    }

    /// A slot was lost: its mailbox was terminated. The next look registers and opens it again.
    func lost(_ slot: Slot) async {
        slot.isHandedOver.set()
        slot.leave()
        await slot.drain(grace: .zero)
        _ = await slot.agents.close(within: workers.configuration.gracePeriod)
        await slot.close()
        type.claim(nil, number: slot.number)
        begin(state.withLock { $0.share.closed(slot.number) })
        wake()
    }

    // MARK: - Leaving

    /// Takes this worker out of the type's workers. Returns whether others have the type.
    ///
    /// A worker that can't see the others leaves as if there were some: any session ends a type without a worker.
    func leave() async -> Bool {
        let (record, loop) = state.withLock { state in
            state.isLeaving = true
            defer { state.record = nil }
            return (state.record, state.loop)
        }
        loop?.cancel()
        await loop?.value
        let user = try? workers.user()
        if let record { await remove(record, user) }
        guard let user, let others = try? await members.others(user) else { return true }
        return !others.isEmpty
    }

    /// Gives all slots to the other workers. Returns when they are closed.
    func handOver() async {
        let grace = workers.configuration.gracePeriod
        begin(state.withLock { $0.share.leave() })
        // Those that are being given up for another reason wait longer.
        let slots = type.slots
        await withDiscardingTaskGroup { group in
            for slot in slots {
                group.addTask {
                    if await !slot.work.waitUntilIdle(until: .after(grace)) { await slot.drain(grace: .zero) }
                }
            }
        }
        await waitUntilAway(until: .after(grace + grace))
        if let user = try? workers.user() { await members.announce(user) }
        await end()
    }

    /// Closes the slots at once, and leaves their messages to other workers.
    func abandon() async {
        _ = state.withLock { $0.share.leave() }
        await end()
    }

    /// Ends the steps that still run, and closes the slots that are open.
    func end() async {
        _ = await steps.end(within: workers.configuration.gracePeriod)
        for slot in type.slots {
            await slot.close()
            type.claim(nil, number: slot.number)
        }
    }

    private func waitUntilAway(until end: ContinuousClock.Instant) async {
        while ContinuousClock.now < end {
            let ended: OneShot<Void>? = state.withLock { state in
                if state.share.isAway { return nil }
                let ended = OneShot<Void>()
                state.ended = ended
                return ended
            }
            guard let ended else { return }
            _ = await ended.wait(until: end)
        }
    }
}
