#if AutoGen
    internal import AgentExchange
    internal import AutoGenMessages
    internal import AutoGenProtocol
    internal import Foundation
    internal import Primitives
    internal import Synchronization
    internal import WorkerRuntime

    /// The messages of the exchange for the client.
    extension ClientSession: MessageRelay {
        func take(_ request: RelayedRequest) -> any RelayedCall {
            let ending = OneShot<WorkerCall.Ending>()
            let (id, refusal): (String, WorkerCall.Ending?) = state.withLock { state in
                let id = state.identifier(request.messageID)
                if let refusal = self.refusal(state, request.address) { return (id, refusal) }
                state.calls[id] = ClientState.Call(ending: ending, address: request.address, began: .now)
                return (id, nil)
            }
            if let refusal {
                ending.set(refusal)
            } else {
                put(.request(id), Agents_Message.bytes(.request(Agents_RpcRequest(request, id: id))))
            }
            return WorkerCall(id: id, request, ending) { [weak self] in self?.withdraw(id, ending) }
        }

        /// Returns the end of a request that can't wait for the client.
        private func refusal(_ state: ClientState, _ address: AgentAddress) -> WorkerCall.Ending? {
            switch state.phase {
            case .ended: return .left
            case _ where state.isStopping: return configuration.ending(of: address, .stopped)
            case .streaming: return nil
            case .waiting(let end, let hadStream):
                if hadStream || end > .now { return nil }
                return .failure(Self.withoutStream(address))
            }
        }

        static func withoutStream(_ address: AgentAddress) -> Failure {
            Failure(.unavailable, "the worker registered the agent type \(address.type) and has no stream")
        }

        private func withdraw(_ id: String, _ ending: OneShot<WorkerCall.Ending>) {
            state.withLock { state in
                guard let call = state.calls[id], call.ending === ending else { return }
                state.calls[id] = nil
                state.queue.end(id)
            }
        }

        func take(_ event: RelayedEvent) {
            let id = event.delivery.event.publicationID
            enum Place { case first, copy, delivered, ended }
            let place: Place = state.withLock { state in
                if state.isEnded { return .ended }
                if state.recent.contains(id) { return .delivered }
                if state.events[id] != nil {
                    state.events[id]?.append(event)
                    return .copy
                }
                state.events[id] = [event]
                return .first
            }
            switch place {
            case .first: put(.event(id), Agents_Message.bytes(.cloudEvent(event.delivery.event.cloudEvent)))
            case .delivered: event.settle()
            case .copy, .ended: break
            }
        }

        /// Takes the client's answer to a request.
        func take(_ response: Agents_RpcResponse) {
            let call = state.withLock { state in
                state.queue.end(response.requestID)
                return state.calls.removeValue(forKey: response.requestID)
            }
            guard let call else { return drops.count(.unknownResponse) }
            call.ending.set(WorkerCall.Ending(response))
        }

        func saveState(of address: AgentAddress) async throws(ExchangeError) -> Data? {
            try await controlChannel(for: address).saveState(of: address)
        }

        func loadState(_ state: Data, of address: AgentAddress) async throws(ExchangeError) {
            try await controlChannel(for: address).loadState(state, of: address)
        }

        private func controlChannel(for address: AgentAddress) throws(ExchangeError) -> ControlChannel {
            guard let control = state.withLock({ $0.control }) else {
                throw ExchangeError(.notAccessible, "the worker of \(address) has no control channel")
            }
            return control
        }
    }
#endif
