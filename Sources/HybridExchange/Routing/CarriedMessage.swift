#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import RabbitMQExchange

    /// A message in a lane, with its way through the broker.
    struct CarriedMessage: Sendable {
        let message: Message
        /// Its binary form.
        let bytes: [UInt8]
        let carried: CarriedPost
    }

    /// A message's sender, and the route that carries the message when it can't go directly.
    struct CarriedPost: Sendable {
        let post: PostedPublication
        let broker: any MessageRoute
        /// The place for a response.
        let way: ReplyWay
        /// Settles the request that a response answers; `nil` for parts and for requests.
        let delivered: (@Sendable (Response) -> Void)?
    }

    /// A message that a lane has, until its sender needs nothing more.
    struct OpenMessage: Sendable {
        let lane: LaneID
        let carried: CarriedPost
        /// The response that a request gets when both ways refuse it; a response itself.
        let response: Response
        /// Whether its `send` has returned.
        var isAccepted = false
        /// Whether the broker has it.
        var isAtBroker = false
        /// The broker's refusal.
        var refusal: ExchangeError?
        /// Its publication, while it is on the way.
        var publication: PostedPublication?

        /// The error when no way is left.
        ///
        /// - Parameter mayBeTaken: Whether a peer may have taken it before its connection ended.
        func failure(mayBeTaken: Bool) -> ExchangeError {
            let error = refusal ?? ExchangeError(.unavailable, "the message was refused", delivery: .refused)
            guard mayBeTaken else { return error }
            return ExchangeError(
                error.code,
                error.message,
                entity: error.entity,
                delivery: .unknown,
                underlying: error
            )
        }
    }

    extension CarriedMessage {
        /// Encodes a message for a lane.
        init(message: Message, on lane: LaneID, _ carried: CarriedPost) {
            let bytes = try? MessageBytes.encode(message, on: lane)
            self.init(message: message, bytes: bytes ?? [], carried: carried)
        }

        /// The size on the wire, in bytes. A message without a binary form fits no window: it goes through the broker.
        var size: Int { bytes.isEmpty ? .max : bytes.count }
    }
#endif
