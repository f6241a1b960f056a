#if Hybrid
    internal import AgentExchange
    internal import DequeModule
    internal import Synchronization

    /// Accepted requests that the broker did not take and that are published again, in order.
    final class DelayedRequests: Sendable {
        private let state = Mutex<[LaneID: Deque<(Request, CarriedPost)>]>([:])

        /// Adds a request behind others of its lane. Returns whether it is the first.
        func append(_ request: Request, _ carried: CarriedPost, on lane: LaneID) -> Bool {
            state.withLock { waiting in
                defer { waiting[lane, default: []].append((request, carried)) }
                return waiting[lane] == nil
            }
        }

        /// Removes and returns the requests of a lane.
        func take(_ lane: LaneID) -> [(Request, CarriedPost)] {
            state.withLock { Array($0.removeValue(forKey: lane) ?? []) }
        }

        /// Forgets the requests of a mailbox that is closed.
        func forget(from source: EntityID) {
            state.withLock { waiting in waiting = waiting.filter { $0.key.source != source } }
        }

        /// Forgets all requests.
        func removeAll() { state.withLock { $0 = [:] } }
    }
#endif
