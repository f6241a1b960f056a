import ExchangeTestKit
import RabbitMQExchange
import Testing

/// Everything that needs a broker besides the conformance suite. One test at a time: they measure time and count what is
/// on the broker.
@Suite(
    "The RabbitMQ exchange on a broker",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
enum BrokerTests {
    static let kinds: [MailboxKind] = [.replicated, .single]
}
