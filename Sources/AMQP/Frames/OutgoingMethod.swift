/// A method on its way to the broker.
enum OutgoingMethod: Sendable {
    case connectionClose(code: UInt16, text: String)
    case connectionCloseOk
    case channelOpen
    case channelFlowOk(active: Bool)
    case channelClose(code: UInt16, text: String)
    case channelCloseOk
    case confirmSelect
    case exchangeDeclare(ExchangeDeclaration)
    case exchangeDelete(name: String, ifUnused: Bool)
    case queueDeclare(QueueDeclaration)
    case queueDelete(name: String, ifUnused: Bool, ifEmpty: Bool)
    case queuePurge(name: String)
    case bind(Binding)
    case unbind(Binding)
    case basicQos(prefetch: UInt16)
    case basicConsume(ConsumerDeclaration)
    case basicCancel(tag: String)
    case basicPublish(exchange: String, routingKey: String, mandatory: Bool)
    case basicGet(queue: String)
    case basicAck(tag: UInt64, multiple: Bool)
    case basicNack(tag: UInt64, multiple: Bool, requeue: Bool)
}
