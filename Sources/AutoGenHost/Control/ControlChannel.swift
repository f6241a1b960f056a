#if AutoGen
    internal import AgentExchange
    internal import AutoGenMessages
    internal import AutoGenProtocol
    internal import DequeModule
    internal import Foundation
    internal import Primitives
    internal import SwiftProtobuf
    internal import Synchronization

    /// The control stream of a client: the messages for it, and the questions that it has not answered.
    final class ControlChannel: Sendable {
        typealias Answer = Result<Google_Protobuf_Any, ExchangeError>

        /// The messages and the questions that may wait.
        private static let limit = 1024

        /// The longest wait for an answer.
        private static let patience = Duration.seconds(60)

        private struct State {
            var waiting: Deque<[UInt8]> = []
            var questions: [String: OneShot<Answer>] = [:]
            var writer: CheckedContinuation<Void, Never>?
            var isEnded = false

            mutating func takeWriter() -> CheckedContinuation<Void, Never>? {
                defer { writer = nil }
                return writer
            }
        }

        private let state = Mutex(State())

        /// Puts a message in line. Returns `false` when the channel has ended, or too many wait.
        @discardableResult
        func put(_ message: Agents_ControlMessage) -> Bool {
            guard let bytes: [UInt8] = try? message.serializedBytes() else { return false }
            let (isTaken, writer) = state.withLock { state in
                guard !state.isEnded, state.waiting.count < Self.limit else {
                    return (false, nil as CheckedContinuation<Void, Never>?)
                }
                state.waiting.append(bytes)
                return (true, state.takeWriter())
            }
            writer?.resume()
            return isTaken
        }

        /// Waits for messages to write; `nil` after the end.
        func next() async -> [[UInt8]]? {
            while !Task.isCancelled {
                let (batch, isEnded) = state.withLock { state in
                    defer { state.waiting = [] }
                    return (Array(state.waiting), state.isEnded)
                }
                if !batch.isEmpty { return batch }
                if isEnded { return nil }
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let isNow = state.withLock { state in
                            if Task.isCancelled || state.isEnded || !state.waiting.isEmpty { return true }
                            state.writer = continuation
                            return false
                        }
                        if isNow { continuation.resume() }
                    }
                } onCancel: {
                    state.withLock { $0.takeWriter() }?.resume()
                }
            }
            return nil
        }

        /// Ends the channel and its questions.
        func end() {
            let (questions, writer) = state.withLock { state in
                state.isEnded = true
                defer { state.questions = [:] }
                return (Array(state.questions.values), state.takeWriter())
            }
            for question in questions { question.set(.failure(Self.ended)) }
            writer?.resume()
        }

        private static let ended = ExchangeError(
            .notAccessible,
            "the control channel of the worker has ended",
            delivery: .unknown
        )

        /// Sends a question to the client and waits for its answer.
        ///
        /// - Throws: `ExchangeError.Code.notAccessible`, `ExchangeError.Code.limitReached`,
        ///   `ExchangeError.Code.deadlineExceeded`.
        func ask(_ destination: String, _ message: Google_Protobuf_Any) async throws(ExchangeError)
            -> Google_Protobuf_Any
        {
            let id = UUID.random().lowercased
            let question = OneShot<Answer>()
            let isTaken = state.withLock { state in
                guard !state.isEnded, state.questions.count < Self.limit else { return false }
                state.questions[id] = question
                return true
            }
            defer { state.withLock { $0.questions[id] = nil } }
            let request = Agents_ControlMessage.with {
                $0.rpcID = id
                $0.destination = destination
                $0.respondTo = "clientid=\(id)"
                $0.rpcMessage = message
            }
            guard isTaken, put(request) else {
                throw ExchangeError(.limitReached, "too many control messages wait for the worker")
            }
            let wait = try RequestScope.limit(Self.patience)
            guard let answer = await question.wait(until: .now + wait) else {
                throw ExchangeError(
                    .deadlineExceeded,
                    "the worker did not answer a control message",
                    delivery: .unknown
                )
            }
            return try answer.get()
        }

        /// Takes the client's answer. Returns `false` when no question has this identifier.
        func answer(_ message: Agents_ControlMessage) -> Bool {
            let question = state.withLock { $0.questions.removeValue(forKey: message.rpcID) }
            return question?.set(.success(message.rpcMessage)) ?? false
        }
    }

    extension ControlChannel {
        /// Asks the client for the state of an agent.
        func saveState(of address: AgentAddress) async throws(ExchangeError) -> Data? {
            let request = Agents_SaveStateRequest.with { $0.agentID = Agents_AgentId(address) }
            let answer = try await ask("agentid=\(address)", try Self.packed(request))
            guard let response = try? Agents_SaveStateResponse(unpackingAny: answer) else { throw Self.unexpected }
            if response.hasError { throw ExchangeError(.remote, response.error, delivery: .delivered) }
            return response.state.isEmpty ? nil : Data(response.state.utf8)
        }

        /// Gives the client the state of an agent.
        func loadState(_ state: Data, of address: AgentAddress) async throws(ExchangeError) {
            guard let text = String(validating: state, as: UTF8.self) else {
                throw ExchangeError(.invalidPayload, "a state is JSON")
            }
            let request = Agents_LoadStateRequest.with {
                $0.agentID = Agents_AgentId(address)
                $0.state = text
            }
            let answer = try await ask("agentid=\(address)", try Self.packed(request))
            guard let response = try? Agents_LoadStateResponse(unpackingAny: answer) else { throw Self.unexpected }
            if response.hasError { throw ExchangeError(.remote, response.error, delivery: .delivered) }
        }

        static func packed(_ message: some SwiftProtobuf.Message) throws(ExchangeError) -> Google_Protobuf_Any {
            do {
                return try Google_Protobuf_Any(message: message)
            } catch {
                throw ExchangeError(.internal, "a control message could not be packed", underlying: error)
            }
        }

        private static let unexpected = ExchangeError(
            .invalidPayload,
            "the worker answered a control message with another kind",
            delivery: .delivered
        )
    }
#endif
