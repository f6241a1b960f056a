#if AutoGen
    internal import AgentExchange
    internal import AutoGenMessages
    internal import AutoGenProtocol
    internal import Foundation
    internal import Logging
    internal import SwiftProtobuf
    internal import WorkerRuntime

    /// Passes on the control messages of a client: to another client of this host, or to the worker of an agent, wherever it is.
    struct ControlRouter: Sendable {
        let session: ClientSession
        let channel: ControlChannel
        let clients: ClientTable

        /// Takes the bytes of a message from the client's control stream.
        func receive(_ bytes: [UInt8]) {
            guard let message = try? Agents_ControlMessage(serializedBytes: bytes) else {
                return session.drops.count(.undecodable)
            }
            guard message.hasRespondTo else {
                if !channel.answer(message) { session.drops.count(.control) }
                return
            }
            session.start(in: session.requests) { await answer(message) }
        }

        /// Passes on a question, and answers it.
        private func answer(_ question: Agents_ControlMessage) async {
            do throws(ExchangeError) {
                try await reply(to: question, with: answer(to: question))
            } catch {
                session.drops.count(.control)
                session.logger.info(
                    "a control message was not passed on",
                    metadata: .init(keys: [.code: error.code.rawValue])
                )
                guard let failure = Self.failure(of: question.rpcMessage, "\(error.code): \(error.message)") else {
                    return
                }
                reply(to: question, with: failure)
            }
        }

        private func reply(to question: Agents_ControlMessage, with answer: Google_Protobuf_Any) {
            channel.put(
                .with {
                    $0.rpcID = question.rpcID
                    $0.destination = question.respondTo
                    $0.rpcMessage = answer
                }
            )
        }

        private func answer(to question: Agents_ControlMessage) async throws(ExchangeError) -> Google_Protobuf_Any {
            switch ControlDestination(question.destination) {
            case .client(let id)?:
                guard let other = clients.control(of: ClientID(text: id)) else {
                    throw ExchangeError(.notAccessible, "no such client has a control channel here")
                }
                // The identifier is known to the asking client; the other one must not learn of that client's own.
                return try await other.ask(question.destination, question.rpcMessage)
            case .agent(let address)?:
                return try await ask(address, question.rpcMessage)
            case nil:
                throw ExchangeError(.invalidMessage, "a control message goes to agentid=TYPE/KEY or clientid=UUID")
            }
        }

        /// Asks the worker of an agent over the exchange.
        private func ask(
            _ address: AgentAddress,
            _ message: Google_Protobuf_Any
        ) async throws(ExchangeError) -> Google_Protobuf_Any {
            if (try? Agents_SaveStateRequest(unpackingAny: message)) != nil {
                let state = try await session.workers.saveState(of: address)
                return try ControlChannel.packed(
                    Agents_SaveStateResponse.with { $0.state = state.map { String(decoding: $0, as: UTF8.self) } ?? "" }
                )
            }
            if let request = try? Agents_LoadStateRequest(unpackingAny: message) {
                try await session.workers.loadState(Data(request.state.utf8), of: address)
                return try ControlChannel.packed(Agents_LoadStateResponse())
            }
            throw ExchangeError(.unsupported, "agents are asked for their state only")
        }

        /// Returns the answer that tells an error; `nil` for a message of another kind.
        private static func failure(of message: Google_Protobuf_Any, _ text: String) -> Google_Protobuf_Any? {
            if message.isA(Agents_SaveStateRequest.self) {
                return try? ControlChannel.packed(Agents_SaveStateResponse.with { $0.error = text })
            }
            if message.isA(Agents_LoadStateRequest.self) {
                return try? ControlChannel.packed(Agents_LoadStateResponse.with { $0.error = text })
            }
            return nil
        }
    }
#endif
