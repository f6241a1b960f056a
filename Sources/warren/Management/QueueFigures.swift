import Foundation

/// The numbers of a queue, as the management plugin lists them: some seconds late, and absent where it has none.
struct QueueFigures: Decodable, Sendable, Hashable {
    /// The name of the queue.
    let name: String
    /// Messages that were not handed to a receiver.
    var waiting: Int?
    /// Messages that were handed to a receiver and are not acknowledged.
    var inWork: Int?
    /// Attached receivers, including standbys.
    var consumers: Int?
    /// The time when the oldest unacknowledged message was sent. Quorum queues do not tell.
    var oldest: Date?
    /// Messages that came to the queue since the broker counts them.
    var received: Int?
    /// Messages of the queue that were acknowledged since the broker counts them.
    var settled: Int?
    /// Messages that come, each second.
    var receivedRate: Double?
    /// Messages that are acknowledged, each second.
    var settledRate: Double?

    private enum CodingKeys: String, CodingKey {
        case name, consumers
        case waiting = "messages_ready"
        case inWork = "messages_unacknowledged"
        case head = "head_message_timestamp"
        case statistics = "message_stats"
    }

    private struct Statistics: Decodable {
        struct Details: Decodable {
            let rate: Double?
        }

        let publish: Int?
        let ack: Int?
        let publishDetails: Details?
        let ackDetails: Details?

        enum CodingKeys: String, CodingKey {
            case publish, ack
            case publishDetails = "publish_details"
            case ackDetails = "ack_details"
        }
    }

    init(
        name: String,
        waiting: Int? = nil,
        inWork: Int? = nil,
        consumers: Int? = nil,
        oldest: Date? = nil,
        received: Int? = nil,
        settled: Int? = nil,
        receivedRate: Double? = nil,
        settledRate: Double? = nil
    ) {
        self.name = name
        self.waiting = waiting
        self.inWork = inWork
        self.consumers = consumers
        self.oldest = oldest
        self.received = received
        self.settled = settled
        self.receivedRate = receivedRate
        self.settledRate = settledRate
    }

    /// Reads a queue of the list. A number that is absent, `null`, or an empty text or list, is unknown.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        waiting = (try? fields.decodeIfPresent(Int.self, forKey: .waiting)).map { max(0, $0) }
        inWork = (try? fields.decodeIfPresent(Int.self, forKey: .inWork)).map { max(0, $0) }
        consumers = (try? fields.decodeIfPresent(Int.self, forKey: .consumers)).map { max(0, $0) }
        oldest = (try? fields.decodeIfPresent(Double.self, forKey: .head)).map(Date.init(timeIntervalSince1970:))
        let statistics = try? fields.decodeIfPresent(Statistics.self, forKey: .statistics)
        received = statistics?.publish
        settled = statistics?.ack
        receivedRate = statistics?.publishDetails?.rate
        settledRate = statistics?.ackDetails?.rate
    }

    /// Returns the age of the oldest message in seconds, if it is known.
    func oldestSeconds(at now: Date) -> Double? {
        oldest.map { max(0, now.timeIntervalSince($0)) }
    }
}
