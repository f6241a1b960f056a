import AgentExchange
import Foundation
import InProcessExchange
import RabbitMQExchange

/// The namespace of the job: everything on the broker is named `warren.log-count.…`.
let namespace = "log-count"

/// Makes the exchange that the options ask for.
func makeExchange(_ options: Options) throws -> any ExchangeFactory {
    switch options.exchange {
    case .local:
        return InProcessExchange()
    case .rabbitmq:
        // RabbitMQExchange: enable when the target has the type.
        // return try RabbitMQExchange(url: options.broker, namespace: namespace)
        throw JobError("the RabbitMQ exchange is not part of this build")
    }
}

/// Decodes the exchange that the coordinator encoded; its password is found in the environment.
func decodeExchange(_ encoded: Data) throws -> any ExchangeFactory {
    // RabbitMQExchange: enable when the target has the type.
    // return try JSONDecoder().decode(RabbitMQExchange.self, from: encoded)
    throw JobError("the RabbitMQ exchange is not part of this build")
}
