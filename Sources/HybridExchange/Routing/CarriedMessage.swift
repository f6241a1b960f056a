#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import RabbitMQExchange

    /// A message in a lane, with its way through the broker.
    enum CarriedMessage: Sendable {
        case request(Request, CarriedPost)
        case response(Response, CarriedPost)

        var message: Message {
            switch self {
            case .request(let request, _): .request(request)
            case .response(let response, _): .response(response)
            }
        }

        /// The size that counts for the window, in bytes: the payload and about as much as a head takes.
        var size: Int { message.payloadSize + 256 }
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
        /// The time after which a request needs no answer.
        let deadline: Date?
        /// Whether its `send` has returned.
        var isAccepted = false
        /// Whether the broker has it.
        var isAtBroker = false
        /// The broker's refusal.
        var refusal: ExchangeError?
        /// Its publication, while it is on the way.
        var publication: PostedPublication?
    }
#endif
