internal import DequeModule
internal import Primitives
internal import Synchronization

/// A queue of changes from an exchange to one watcher, which pulls them as ``AgentChanges``.
///
/// An exchange makes one for each call of ``ExchangeTransport/changes(typeNamed:allowSubtypes:)``. It adds the
/// snapshot, then each change that ``includes(lineage:)`` accepts, in order, and ends the feed when the transport
/// closes. The number of waiting changes has no limit; above 10,000, agents that were both registered and terminated
/// among them are left out.
public final class ChangeFeed: Sendable {
    private typealias Waiter = CheckedContinuation<Result<AgentChange?, ExchangeError>, Never>

    private struct State {
        var changes: Deque<AgentChange> = []
        var waiter: Waiter?
        var end: Result<AgentChange?, ExchangeError>?
        /// The number of waiting changes that triggers the next search for changes that cancel each other out.
        var patience = ChangeFeed.limit
    }

    private let state = Mutex(State())
    private let typeName: String
    private let allowSubtypes: Bool

    /// The number of waiting changes above which those that cancel each other out are dropped.
    static let limit = 10_000

    /// Makes a feed of the agents of a type.
    ///
    /// - Parameters:
    ///   - typeName: The name of the type; ``AgentType/rootName`` with subtypes takes every agent.
    ///   - allowSubtypes: Whether agents of its subtypes are included.
    public init(typeNamed typeName: String, allowSubtypes: Bool) {
        self.typeName = typeName
        self.allowSubtypes = allowSubtypes
    }

    /// Returns whether an agent with this ``AgentType/lineage`` belongs to the feed.
    public func includes(lineage: [String]) -> Bool {
        allowSubtypes ? lineage.contains(typeName) : lineage.last == typeName
    }

    /// Adds a change. The first one is the snapshot. Does nothing after the end.
    public func put(_ change: AgentChange) {
        let waiter: Waiter? = state.withLock { state in
            guard state.end == nil else { return nil }
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            state.changes.append(change)
            if state.changes.count > state.patience {
                Self.compact(&state.changes)
                state.patience = max(Self.limit, 2 * state.changes.count)
            }
            return nil
        }
        waiter?.resume(returning: .success(change))
    }

    /// Ends the feed: after the waiting changes the sequence ends, or throws the error. The first call counts.
    public func end(_ error: ExchangeError?) {
        let end: Result<AgentChange?, ExchangeError> = error.map { .failure($0) } ?? .success(nil)
        let waiter: Waiter? = state.withLock { state in
            guard state.end == nil else { return nil }
            state.end = end
            let waiter = state.waiter
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: end)
    }

    /// Whether the feed has ended: ``end(_:)`` was called, or the watcher is gone. An exchange can forget it then.
    public var isEnded: Bool { state.withLock { $0.end != nil } }

    func next() async throws(ExchangeError) -> AgentChange? {
        let result: Result<AgentChange?, ExchangeError> = await withWaiter { continuation in
            state.withLock { state in
                if let change = state.changes.popFirst() { return .success(change) }
                if let end = state.end { return end }
                guard state.waiter == nil else {
                    return .failure(ExchangeError(.invalidMessage, "another task pulls these changes"))
                }
                state.waiter = continuation
                return nil
            }
        } onCancel: {
            end(nil)
        }
        return try result.get()
    }

    private static func compact(_ changes: inout Deque<AgentChange>) {
        var registered: Set<AgentID> = []
        var gone: Set<AgentID> = []
        for change in changes {
            switch change {
            case .snapshot: break
            case .registered(let agent): registered.insert(agent.agentID)
            case .terminated(let agent): if registered.contains(agent.agentID) { gone.insert(agent.agentID) }
            }
        }
        changes.removeAll { change in
            switch change {
            case .snapshot: false
            case .registered(let agent), .terminated(let agent): gone.contains(agent.agentID)
            }
        }
    }
}
