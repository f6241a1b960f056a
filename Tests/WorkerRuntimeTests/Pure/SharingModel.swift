import ExchangeTestKit
import Foundation

@testable import WorkerRuntime

/// One slot of a shared type at three workers, of which one comes later, for an exhaustive search: who looks, opens, gives up and
/// dies when. Each worker is the real machine; the exchange serves the first in line.
struct SharingModel {
    /// How workers behave.
    enum Rules: CaseIterable {
        case asBuilt
        /// A worker closes a slot while its handlers run.
        case closesBeforeHandlersEnd
        /// A worker goes on taking messages until its handlers have ended, with another in line.
        case staysAhead
        /// A worker that died counts for ever.
        case countsTheDead
        /// A worker that was given a slot does not open it.
        case opensNothing
    }

    struct Worker: Hashable {
        var share: SlotShare
        var isAlive = true
        var hasRecord = false
        var opening = false
        var leaving = false
        var isRunning = false
    }

    struct State: Hashable {
        var workers: [Worker]
        /// The workers that have the slot open, the first of which is served.
        var line: [Int] = []
        /// Dead workers whose death was noticed.
        var noticed: Set<Int> = []
        var deaths = 0
    }

    let rules: Rules
    let ids: [UUID]
    let maximumDeaths: Int

    init(rules: Rules, order: Int, maximumDeaths: Int) {
        self.rules = rules
        self.maximumDeaths = maximumDeaths
        let ids = (1...3).map { UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UInt8($0))) }
        self.ids = Array(ids[order...] + ids[..<order])
    }

    var initial: [State] {
        [State(workers: ids.map { Worker(share: SlotShare(slots: 1, worker: $0, maximumPatience: 2)) })]
    }

    /// The workers that a look finds: those with a record, unless their death was noticed.
    private func members(_ state: State) -> [UUID] {
        state.workers.indices.filter { index in
            let worker = state.workers[index]
            return worker.hasRecord && (worker.isAlive || rules == .countsTheDead || !state.noticed.contains(index))
        }.map { ids[$0] }
    }

    func successors(of state: State) -> [State] {
        var next: [State] = []
        for index in state.workers.indices where state.workers[index].isAlive {
            let worker = state.workers[index]
            // It looks at the others, and joins when it has its place in line.
            var looked = state
            let steps = looked.workers[index].share.look(members(state))
            take(steps, index, &looked)
            next.append(looked)
            if !worker.hasRecord, !worker.opening, state.line.contains(index) || !worker.share.isAway {
                var joined = state
                joined.workers[index].hasRecord = true
                next.append(joined)
            }
            if worker.opening, rules != .opensNothing {
                var opened = state
                opened.workers[index].opening = false
                opened.line.append(index)
                take(opened.workers[index].share.opened(0), index, &opened)
                next.append(opened)
            }
            if worker.leaving, !worker.isRunning || rules == .closesBeforeHandlersEnd {
                var closed = state
                closed.workers[index].leaving = false
                closed.line.removeAll { $0 == index }
                take(closed.workers[index].share.closed(0), index, &closed)
                next.append(closed)
            }
            // The exchange hands it a message.
            if state.line.first == index, !worker.isRunning, !worker.leaving {
                var running = state
                running.workers[index].isRunning = true
                running.workers[index].share.served(0)
                next.append(running)
            }
            if worker.isRunning {
                var ended = state
                ended.workers[index].isRunning = false
                next.append(ended)
            }
            if state.deaths < maximumDeaths {
                var dead = state
                dead.deaths += 1
                dead.workers[index] = Worker(share: worker.share, isAlive: false, hasRecord: worker.hasRecord)
                dead.line.removeAll { $0 == index }
                next.append(dead)
            }
        }
        for index in state.workers.indices where !state.workers[index].isAlive && !state.noticed.contains(index) {
            var noticed = state
            noticed.noticed.insert(index)
            next.append(noticed)
        }
        return next
    }

    private func take(_ steps: [SlotShare.Step], _ index: Int, _ state: inout State) {
        for step in steps {
            switch step {
            case .open: state.workers[index].opening = true
            case .giveUp: if rules != .staysAhead { state.workers[index].leaving = true }
            }
        }
    }

    func fault(in state: State) -> String? {
        if state.workers.filter(\.isRunning).count > 1 { return "two workers handle messages of the slot" }
        if Set(state.line).count != state.line.count { return "a worker stands in line twice" }
        return nil
    }

    /// Everybody knows everybody, and the exchange serves the worker whose share the slot is.
    func isGood(_ state: State) -> Bool {
        let living = state.workers.indices.filter { state.workers[$0].isAlive }
        guard living.allSatisfy({ state.workers[$0].hasRecord }) else { return false }
        let place = SlotAssignment(slots: 1, workers: living.map { ids[$0] }).places.first
        guard let place, let first = state.line.first, ids[first] == place.owner else { return false }
        return living.allSatisfy { index in
            let worker = state.workers[index]
            let role: SlotShare.Role =
                ids[index] == place.owner ? .owner : ids[index] == place.standby ? .standby : .none
            return !worker.opening && !worker.leaving && worker.share.role(at: 0) == role
                && state.line.contains(index) == (role != .none)
        }
    }
}
