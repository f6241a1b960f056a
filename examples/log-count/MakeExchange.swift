import AgentExchange
import Foundation
import InProcessExchange
import RabbitMQExchange

/// The namespace of the job: everything on the broker is named `warren.log-count.…`.
let namespace = "log-count"

/// Makes the exchange that the options ask for.
///
/// - Throws: ``UsageError`` when the broker's URL is not valid.
func makeExchange(_ options: Options) throws -> any ExchangeFactory {
    switch options.exchange {
    case .local:
        return InProcessExchange()
    case .rabbitmq:
        // Enable these lines, and remove the last, when RabbitMQExchange has its type:
        // do throws(ExchangeError) {
        //     return try RabbitMQExchange(url: options.broker, namespace: namespace)
        // } catch {
        //     throw UsageError("\(options.brokerAddress) is not the URL of a broker: \(error.message)")
        // }
        throw JobError("RabbitMQ is not part of this build; use --exchange local")
    }
}

/// Decodes the exchange that the coordinator encoded; its password is found in the environment.
func decodeExchange(_ encoded: Data) throws -> any ExchangeFactory {
    // Enable this line, and remove the last, when RabbitMQExchange has its type:
    // return try JSONDecoder().decode(RabbitMQExchange.self, from: encoded)
    throw JobError("RabbitMQ is not part of this build")
}
