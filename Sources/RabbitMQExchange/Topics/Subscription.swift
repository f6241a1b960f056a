internal import AgentExchange

/// The contract's subscription. The AMQP layer has a type of that name too.
typealias Subscription = AgentExchange.Subscription
