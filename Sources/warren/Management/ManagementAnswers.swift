import Foundation

extension ManagementAPI {
    /// A page of a list.
    struct Page<Item: Decodable>: Decodable {
        let items: [Item]
        let pageCount: Int
        /// The number of items of all pages without a filter.
        let totalCount: Int?

        enum CodingKeys: String, CodingKey {
            case items
            case pageCount = "page_count"
            case totalCount = "total_count"
        }
    }

    /// A binding.
    struct Binding: Decodable {
        let source: String
        let destination: String
        let destinationType: String
        let routingKey: String

        enum CodingKeys: String, CodingKey {
            case source, destination
            case destinationType = "destination_type"
            case routingKey = "routing_key"
        }
    }

    /// A node of the cluster. One that is down has no numbers.
    struct Node: Decodable {
        let name: String
        let memoryAlarm: Bool?
        let diskAlarm: Bool?

        enum CodingKeys: String, CodingKey {
            case name
            case memoryAlarm = "mem_alarm"
            case diskAlarm = "disk_free_alarm"
        }
    }

    /// A queue. Fields without a value are left out, `null` or an empty text, and an empty table may be a list.
    struct Queue: Decodable {
        let name: String
        /// The time when its oldest message was sent.
        let oldest: Date?
        /// Messages handed out and not acknowledged.
        let unacknowledged: Int?
        /// The timeout of an argument or a policy; the lower one applies.
        let acknowledgementTimeout: Duration?
        /// Whether it is replicated and dead-letters, and neither an argument nor a policy sets `at-least-once`.
        let isAtMostOnce: Bool

        enum CodingKeys: String, CodingKey {
            case name, type, arguments
            case unacknowledged = "messages_unacknowledged"
            case head = "head_message_timestamp"
            case policy = "effective_policy_definition"
        }

        private struct Arguments: Decodable {
            let timeout: Int64?
            let deadLetterExchange: String?
            let strategy: String?

            enum CodingKeys: String, CodingKey {
                case timeout = "x-consumer-timeout"
                case deadLetterExchange = "x-dead-letter-exchange"
                case strategy = "x-dead-letter-strategy"
            }
        }

        private struct Policy: Decodable {
            let timeout: Int64?
            let strategy: String?

            enum CodingKeys: String, CodingKey {
                case timeout = "consumer-timeout"
                case strategy = "dead-letter-strategy"
            }
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            name = try fields.decode(String.self, forKey: .name)
            oldest = (try? fields.decode(Double.self, forKey: .head)).map(Date.init(timeIntervalSince1970:))
            unacknowledged = try? fields.decode(Int.self, forKey: .unacknowledged)
            let arguments = try? fields.decode(Arguments.self, forKey: .arguments)
            let policy = try? fields.decode(Policy.self, forKey: .policy)
            acknowledgementTimeout = [arguments?.timeout, policy?.timeout].compactMap(\.self).min().map(
                Duration.milliseconds
            )
            let strategies = [arguments?.strategy, policy?.strategy]
            isAtMostOnce =
                (try? fields.decode(String.self, forKey: .type)) == "quorum"
                && arguments?.deadLetterExchange != nil && !strategies.contains("at-least-once")
        }
    }
}
