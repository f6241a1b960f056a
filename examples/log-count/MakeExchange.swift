import AgentExchange
import Foundation
import InProcessExchange
import RabbitMQExchange

/// Makes the exchange that the options ask for.
///
/// - Throws: ``UsageError`` when the broker's URL is not valid.
func makeExchange(_ options: Options) throws -> any ExchangeFactory {
    switch options.exchange {
    case .local:
        return InProcessExchange()
    case .rabbitmq:
        do throws(ExchangeError) {
            return try RabbitMQExchange(url: options.broker, namespace: options.namespace)
        } catch {
            throw UsageError("\(options.brokerAddress) is not the URL of a broker: \(error.message)")
        }
    }
}

/// Decodes the exchange that the coordinator encoded; its password is found in the environment.
func decodeExchange(_ encoded: Data) throws -> any ExchangeFactory {
    try JSONDecoder().decode(RabbitMQExchange.self, from: encoded)
}
