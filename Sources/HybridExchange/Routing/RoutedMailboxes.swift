internal import AgentExchange
internal import Primitives
internal import Synchronization

/// The mailboxes that have routes, and those that close.
final class RoutedMailboxes: Sendable {
    private struct State {
        /// The number of routes of each mailbox.
        var routes: [EntityID: Int] = [:]
        /// Mailboxes that close, until the broker has their requests.
        var closing: [EntityID: OneShot<Void>] = [:]
    }

    private let state = Mutex(State())

    /// A mailbox has one more route.
    func add(_ mailbox: EntityID) { state.withLock { $0.routes[mailbox, default: 0] += 1 } }

    /// A mailbox has one route less. Returns the signal for the end of its closing when that was the last.
    func remove(_ mailbox: EntityID) -> OneShot<Void>? {
        state.withLock { state in
            let left = (state.routes[mailbox] ?? 1) - 1
            state.routes[mailbox] = left > 0 ? left : nil
            guard left <= 0 else { return nil }
            let signal = OneShot<Void>()
            state.closing[mailbox] = signal
            return signal
        }
    }

    /// Returns the signal of a mailbox that closes.
    func closing(_ mailbox: EntityID) -> OneShot<Void>? { state.withLock { $0.closing[mailbox] } }

    /// A mailbox has closed.
    func forget(_ mailbox: EntityID) { state.withLock { $0.closing[mailbox] = nil } }
}
