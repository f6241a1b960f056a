#if AutoGen
    internal import Metrics
    internal import Synchronization

    /// Counts messages that were dropped, by reason, as the metric `warren_autogen_dropped`, and requests that their workers have not
    /// answered in time, as `warren_autogen_slow_requests`.
    final class Drops: Sendable {
        enum Reason: String, Sendable, CaseIterable {
            /// Bytes on a stream that are no message.
            case undecodable
            /// A message without a content.
            case empty
            /// A response to no request.
            case unknownResponse = "unknown-response"
            /// An event with an invalid topic, name or size.
            case invalidEvent = "invalid-event"
            /// An attribute of an event that can't travel.
            case attribute
            /// An event in the name of an agent type of another client.
            case foreignSender = "foreign-sender"
            /// An event that the policy does not let the client publish.
            case forbidden
            /// An event that the exchange did not take.
            case unpublished
            /// An event without a subscription.
            case unsubscribed
            /// An event that is larger than a worker takes.
            case tooLarge = "too-large"
            /// A control message to an unknown destination, or an answer to none.
            case control
            /// A message of a retried stream that was seen before.
            case repeated
        }

        private let counts = Mutex<[Reason: Int]>([:])
        private let slow = Mutex(0)
        private let slowCounter = Counter(label: "warren_autogen_slow_requests")
        private let counters: [Reason: Counter]

        init() {
            counters = Dictionary(
                uniqueKeysWithValues: Reason.allCases.map {
                    ($0, Counter(label: "warren_autogen_dropped", dimensions: [("reason", $0.rawValue)]))
                }
            )
        }

        func count(_ reason: Reason) {
            counts.withLock { $0[reason, default: 0] += 1 }
            counters[reason]?.increment()
        }

        /// Counts a request that waits longer than is usual.
        func countSlowRequest() {
            slow.withLock { $0 += 1 }
            slowCounter.increment()
        }

        /// The number of requests that waited longer than is usual.
        var slowRequests: Int { slow.withLock { $0 } }

        /// Returns the number of drops.
        func number(_ reason: Reason) -> Int { counts.withLock { $0[reason] ?? 0 } }
    }
#endif
