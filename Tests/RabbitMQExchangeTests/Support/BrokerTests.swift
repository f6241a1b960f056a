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

    /// The ways of messages that this build has.
    #if Hybrid
        static let ways: [MessageWay] = [.broker, .direct]
    #else
        static let ways: [MessageWay] = [.broker]
    #endif

    /// Both kinds of mailboxes through the broker, and those of the first kind by every way.
    static var places: [(MailboxKind, MessageWay)] {
        kinds.map { ($0, .broker) } + ways.dropFirst().map { (.replicated, $0) }
    }
}
