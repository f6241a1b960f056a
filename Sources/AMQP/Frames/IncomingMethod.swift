/// A method from the broker, without C types.
enum IncomingMethod: Sendable, Equatable {
    case connectionClose(code: UInt16, text: String)
    case connectionCloseOk
    case connectionBlocked(reason: String)
    case connectionUnblocked
    case channelOpenOk
    case channelFlow(active: Bool)
    case channelClose(code: UInt16, text: String, method: UInt32)
    case channelCloseOk
    case confirmSelectOk
    case exchangeDeclareOk
    case exchangeDeleteOk
    case queueDeclareOk(QueueStatus)
    case queueDeleteOk(messages: Int)
    case queuePurgeOk(messages: Int)
    case queueBindOk
    case queueUnbindOk
    case exchangeBindOk
    case exchangeUnbindOk
    case basicQosOk
    case basicConsumeOk
    case basicCancelOk
    case basicCancel(tag: String)
    case basicGetEmpty
    case basicAck(tag: UInt64, multiple: Bool)
    case basicNack(tag: UInt64, multiple: Bool)
    case content(ContentMethod)
    case unknown(UInt32)
}

/// A method that is followed by a header and a body.
enum ContentMethod: Sendable, Equatable {
    case deliver(consumerTag: String, deliveryTag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
    case getOk(deliveryTag: UInt64, redelivered: Bool, exchange: String, routingKey: String, remaining: Int)
    case returned(code: UInt16, text: String, exchange: String, routingKey: String)

    /// The exchange of the publication.
    var exchange: String {
        switch self {
        case .deliver(_, _, _, let exchange, _), .getOk(_, _, let exchange, _, _), .returned(_, _, let exchange, _):
            exchange
        }
    }

    /// The routing key of the publication.
    var routingKey: String {
        switch self {
        case .deliver(_, _, _, _, let key), .getOk(_, _, _, let key, _), .returned(_, _, _, let key): key
        }
    }
}
