internal import DequeModule

/// The order in which the messages of one agent are handled. It is pure: it has no lock, and wakes nothing.
///
/// Each message takes a turn when it arrives. A turn begins when all earlier ones have ended, except that a message which a
/// running turn caused begins at once: that turn waits for it. With overlapping handlers a turn ends as soon as its handler
/// has begun; a turn also ends when its message is not handled.
struct TurnStateMachine<Waiter> {
    /// A place in the order.
    typealias Turn = Int

    private struct Waiting {
        let run: UInt64
        let chain: [UInt64]
        let waiter: Waiter
    }

    private var last: Turn = 0
    /// The turns that have not begun, in order.
    private var order: Deque<Turn> = []
    private var waiting: [Turn: Waiting] = [:]
    /// The turns that have begun and not ended, with the runs of their handlers.
    private var running: [Turn: UInt64] = [:]

    /// Whether no turn is open.
    var isEmpty: Bool { order.isEmpty && running.isEmpty }

    /// The number of turns that have begun and not ended.
    var runningCount: Int { running.count }

    /// Takes the next turn.
    mutating func arrive() -> Turn {
        last += 1
        order.append(last)
        return last
    }

    /// Asks to begin. Returns `true` when the turn begins now; otherwise keeps the waiter.
    ///
    /// - Parameters:
    ///   - turn: A turn that has neither begun nor ended.
    ///   - run: Identifies the run of the handler.
    ///   - chain: The runs that wait for this message.
    mutating func begin(_ turn: Turn, run: UInt64, chain: [UInt64], _ waiter: Waiter) -> Bool {
        let isNext = running.isEmpty && order.first == turn
        guard isNext || running.values.contains(where: chain.contains) else {
            waiting[turn] = Waiting(run: run, chain: chain, waiter: waiter)
            return false
        }
        remove(turn)
        running[turn] = run
        return true
    }

    /// Stops waiting for a turn to begin. The turn stays open.
    mutating func cancel(_ turn: Turn) -> Waiter? {
        waiting.removeValue(forKey: turn)?.waiter
    }

    /// Stops waiting for the turns whose chain is not admitted. They stay open.
    ///
    /// - Parameter isAdmitted: Returns whether a message with a chain goes on waiting.
    mutating func refuse(unless isAdmitted: ([UInt64]) -> Bool) -> [Waiter] {
        let refused = waiting.filter { !isAdmitted($0.value.chain) }
        for turn in refused.keys { waiting[turn] = nil }
        return refused.values.map(\.waiter)
    }

    /// Ends a turn that may have begun. Returns the waiter whose turn begins, and one that waited for the ended turn itself.
    mutating func end(_ turn: Turn) -> (next: Waiter?, own: Waiter?) {
        let own = waiting.removeValue(forKey: turn)?.waiter
        if running.removeValue(forKey: turn) == nil { remove(turn) }
        guard running.isEmpty, let first = order.first, let next = waiting.removeValue(forKey: first) else {
            return (nil, own)
        }
        order.removeFirst()
        running[first] = next.run
        return (next.waiter, own)
    }

    private mutating func remove(_ turn: Turn) {
        if order.first == turn {
            order.removeFirst()
        } else if let index = order.firstIndex(of: turn) {
            order.remove(at: index)
        }
    }
}
