#if AutoGen
    internal import AgentExchange
    internal import AutoGenMessages
    internal import AutoGenProtocol
    internal import Foundation
    internal import Logging
    internal import Primitives
    internal import SwiftProtobuf
    internal import Synchronization
    internal import WorkerRuntime

    /// The messages of the client for others.
    extension ClientSession {
        /// Takes the bytes of a message from the client's stream. Waits while the client has too many unconfirmed events.
        ///
        /// - Parameter isForeign: Returns whether an agent type belongs to another client.
        func receive(_ bytes: [UInt8], isForeign: (String) -> Bool) async {
            guard state.withLock({ $0.seen.isNew(bytes) }) else { return drops.count(.repeated) }
            guard let message = try? Agents_Message(serializedBytes: bytes) else {
                drops.count(.undecodable)
                logger.warning("bytes on a stream are no message", metadata: .init(keys: [.count: "\(bytes.count)"]))
                return
            }
            switch message.message {
            case .request(let request): await send(request, isForeign)
            case .response(let response): take(response)
            case .cloudEvent(let event): await publish(event, isForeign)
            case nil: drops.count(.empty)
            }
        }

        private func send(_ request: Agents_RpcRequest, _ isForeign: (String) -> Bool) async {
            let id = request.requestID
            let address = AgentAddress(request.target)
            let sender = request.sender
            if let sender, isForeign(sender.type) {
                return answer(
                    id,
                    "\(ExchangeError.Code.forbidden): the agent type \(sender.type) belongs to another client"
                )
            }
            guard may(.send, address.type) else {
                let text =
                    "the host's policy does not let the client send to the agent type \(address.type.cut(toBytes: 64))"
                return answer(id, "\(ExchangeError.Code.forbidden): \(text)")
            }
            let refusal: String? = state.withLock { state in
                if state.isStopping { return AnswerText.stopped }
                let limit = configuration.maximumRequests
                if state.asking >= limit {
                    return "\(ExchangeError.Code.limitReached): \(limit) requests of the client wait for an answer"
                }
                state.asking += 1
                return nil
            }
            if let refusal { return answer(id, refusal) }
            do throws(ExchangeError) {
                // So that the requests of one client are sent in their order.
                try await workers.find(address)
            } catch {
                return answered(id, AnswerText.text(error, address))
            }
            start(in: requests) { [self] in await ask(request, address, sender) }
        }

        private func ask(_ request: Agents_RpcRequest, _ address: AgentAddress, _ sender: AgentAddress?) async {
            let id = request.requestID
            // A task that begins after the host has cancelled all of them.
            if state.withLock({ $0.isStopping }) { return answered(id, AnswerText.stopped) }
            do throws(ExchangeError) {
                let reply = try await workers.relay(
                    UnknownPayload(request.payload),
                    to: address,
                    deadline: configuration.requestDeadline,
                    sender: sender,
                    context: request.context
                )
                answered(Agents_RpcResponse(id, reply: reply))
            } catch {
                let isStopping = error.code == .cancelled && state.withLock { $0.isStopping }
                answered(id, isStopping ? AnswerText.stopped : AnswerText.text(error, address))
            }
        }

        private func answered(_ id: String, _ text: String) {
            answered(Agents_RpcResponse(id, error: text))
        }

        /// Puts the answer to a request in line. A host that stops waits for the last one before it ends the stream.
        private func answered(_ response: Agents_RpcResponse) {
            put(.response, Agents_Message.bytes(.response(response)))
            let lastAnswer = state.withLock { state -> OneShot<Void>? in
                state.asking -= 1
                return state.asking == 0 ? state.lastAnswer : nil
            }
            lastAnswer?.set(())
        }

        private func answer(_ id: String, _ text: String) {
            put(.response, Agents_Message.bytes(.response(Agents_RpcResponse(id, error: text))))
        }

        private func publish(_ cloudEvent: CloudEvent, _ isForeign: (String) -> Bool) async {
            let event: Event
            do throws(ExchangeError) {
                event = try Event(cloudEvent) { drops.count(.attribute) }
            } catch {
                drops.count(.invalidEvent)
                logger.warning("an event was dropped", metadata: .init(keys: [.error: error.description]))
                return
            }
            if let sender = event.sender, isForeign(sender.type) {
                drops.count(.foreignSender)
                logger.warning(
                    "an event was dropped: its sender's type belongs to another client",
                    metadata: .init(keys: [.peer: sender.type.cut(toBytes: 64)])
                )
                return
            }
            guard may(.publish, event.topic.type) else {
                drops.count(.forbidden)
                logger.warning("an event was dropped: the policy does not let the client publish to its topic")
                return
            }
            guard await permits.take() else { return drops.count(.unpublished) }
            start(in: publications) { [self] in
                defer { permits.give() }
                do throws(ExchangeError) {
                    if try await !workers.relay(event) { drops.count(.unsubscribed) }
                } catch {
                    drops.count(.unpublished)
                    logger.error("an event was not published", metadata: .init(keys: [.error: error.description]))
                }
            }
        }
    }
#endif
