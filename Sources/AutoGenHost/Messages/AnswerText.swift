#if AutoGen
    internal import AgentExchange

    /// The texts of errors, as a Python program sees them.
    enum AnswerText {
        /// The text for a worker that has not answered. It names the causes that a worker does not tell.
        static func silence(_ address: AgentAddress) -> String {
            "the worker of \(address) did not answer in time; its handler returned None, or it has no handler for the "
                + "message, or its factory raised an exception, or the reply has no serializer, or it is still at work"
        }

        /// The text for an exception without a text.
        static let emptyException = "the handler raised an exception with an empty text"

        /// The text for a request of a client of a host that stops.
        static let stopped = "\(ExchangeError.Code.unavailable): the host stopped before the answer came"

        /// Returns the text of an error, never empty.
        static func text(_ error: ExchangeError, _ address: AgentAddress) -> String {
            switch error.code {
            case .remote:
                let text = error.failure?.description ?? error.message
                return text.isEmpty ? emptyException : text
            case .unknownAgentType:
                return "\(error.code): no worker has the agent type \(address.type)"
            case .deadlineExceeded where error.failure == nil:
                return "\(error.code): \(silence(address))"
            case .mailboxTerminated where error.failure?.message.hasPrefix("the worker") != true:
                return
                    "\(error.code): the worker of the agent type \(address.type) left, or was lost and none took its place"
            default:
                return "\(error.code): \(error.failure?.message ?? error.message)"
            }
        }
    }
#endif
