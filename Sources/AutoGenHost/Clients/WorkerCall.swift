#if AutoGen
    internal import AgentExchange
    internal import AutoGenMessages
    internal import AutoGenProtocol
    internal import Primitives
    internal import WorkerRuntime

    /// A request in the hands of a worker. It is withdrawn when it is released without an answer.
    final class WorkerCall: RelayedCall {
        /// The outcome of a request that has no reply.
        enum Ending: Sendable {
            case reply(UnknownPayload?)
            case failure(Failure)
            /// The request is left to the next worker.
            case left
        }

        /// The identifier of the request on the worker's stream.
        let id: String
        private let request: RelayedRequest
        private let ending: OneShot<Ending>
        private let withdraw: @Sendable () -> Void

        init(id: String, _ request: RelayedRequest, _ ending: OneShot<Ending>, withdraw: @escaping @Sendable () -> Void)
        {
            self.id = id
            self.request = request
            self.ending = ending
            self.withdraw = withdraw
        }

        deinit {
            withdraw()
        }

        func reply() async throws -> UnknownPayload? {
            switch await ending.wait() {
            case .reply(let reply): return reply
            case .failure(let failure): throw failure
            case .left: throw RequestLeft()
            case nil:
                withdraw()
                if RequestScope.current.isOverdue {
                    throw Failure(.deadlineExceeded, AnswerText.silence(request.address))
                }
                throw CancellationError()
            }
        }
    }

    extension WorkerCall.Ending {
        /// Reads a worker's answer.
        init(_ response: Agents_RpcResponse) {
            if !response.error.isEmpty {
                self = .failure(Failure(.remote, response.error))
            } else if response.payload.isBlank {
                self = .failure(Failure(.remote, AnswerText.emptyException))
            } else {
                self = .reply(UnknownPayload(response.payload))
            }
        }
    }
#endif
