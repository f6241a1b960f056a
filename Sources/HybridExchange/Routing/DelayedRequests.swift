#if Hybrid
    internal import AgentExchange
    internal import DequeModule
    internal import RabbitMQExchange
    internal import Synchronization

    /// Accepted requests that the broker did not take and that are published again, in order.
    final class DelayedRequests: Sendable {
        private let state = Mutex<[LaneID: Deque<(Request, CarriedPost)>]>([:])

        /// Publishes a request after a second, together with others of its lane, in the order of the calls.
        func publishLater(
            _ request: Request,
            _ carried: CarriedPost,
            on lane: LaneID,
            in session: DirectSession,
            _ publish: @escaping @Sendable (Request, CarriedPost) -> Void
        ) {
            let isFirst = state.withLock { waiting in
                defer { waiting[lane, default: []].append((request, carried)) }
                return waiting[lane] == nil
            }
            guard isFirst else { return }
            session.start { [self] in
                try? await Task.sleep(for: .seconds(1))
                let due = state.withLock { $0.removeValue(forKey: lane) ?? [] }
                for (request, carried) in due { publish(request, carried) }
            }
        }

        /// Forgets the requests of a mailbox that is closed.
        func forget(from source: EntityID) {
            state.withLock { waiting in waiting = waiting.filter { $0.key.source != source } }
        }

        /// Forgets all requests.
        func removeAll() { state.withLock { $0 = [:] } }
    }
#endif
