#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Primitives
    internal import RabbitMQExchange

    /// The messages that lanes have, until their senders need nothing more: a value.
    struct OpenMessages: Sendable {
        typealias Instant = ContinuousClock.Instant

        /// The time after its deadline at which a request is answered by this session.
        private static let grace = Duration.seconds(1)

        /// Requests by their tag, responses by a token.
        private var messages: [UUID: OpenMessage] = [:]
        private var lastToken: UInt64 = 0
        /// The deadlines of requests.
        private var expiries = DeadlineQueue<UUID>()

        subscript(tag: UUID) -> OpenMessage? {
            get { messages[tag] }
            set { messages[tag] = newValue }
        }

        /// Returns whether a tag is that of a request.
        func isRequest(_ tag: UUID) -> Bool { messages[tag]?.lane.content == .requests }

        /// Adds a request.
        mutating func add(_ request: Request, on lane: LaneID, _ carried: CarriedPost) {
            messages[request.tag] = OpenMessage(lane: lane, carried: carried, response: request.error(.internal, ""))
            if let deadline = request.deadline { expiries.insert(request.tag, at: .at(deadline)) }
        }

        /// Adds a response, and returns its token.
        mutating func add(_ response: Response, on lane: LaneID, _ carried: CarriedPost) -> UUID {
            lastToken += 1
            let token = UUID(number: lastToken)
            messages[token] = OpenMessage(lane: lane, carried: carried, response: response)
            return token
        }

        /// Removes and returns a message.
        mutating func remove(_ tag: UUID) -> OpenMessage? { messages.removeValue(forKey: tag) }

        /// Removes and returns all messages.
        mutating func removeAll() -> [OpenMessage] {
            defer { self = OpenMessages() }
            return Array(messages.values)
        }

        /// Accepts a message, which ends a response. Returns `nil` when it was accepted before.
        mutating func accept(_ tag: UUID) -> OpenMessage? {
            guard let open = messages[tag], !open.isAccepted else { return nil }
            if open.lane.content == .responses { messages[tag] = nil } else { messages[tag]?.isAccepted = true }
            return open
        }

        /// Removes and returns the requests of a mailbox.
        mutating func removeRequests(from source: EntityID) -> [OpenMessage] {
            let found = messages.filter { $0.value.lane.source == source && $0.value.lane.content == .requests }
            for tag in found.keys { messages[tag] = nil }
            return Array(found.values)
        }

        /// Returns whether the broker does not have all requests of a mailbox.
        func isLeft(from source: EntityID) -> Bool {
            messages.values.contains {
                $0.lane.source == source && $0.lane.content == .requests && !$0.isAtBroker
            }
        }

        /// The time at which the next request expires.
        var deadline: Instant? { expiries.first.map { $0.deadline + Self.grace } }

        /// Returns the requests whose deadline passed a moment ago. Each is returned once.
        mutating func takeExpired(at now: Instant) -> [(tag: UUID, message: OpenMessage)] {
            expiries.compact(alive: messages.count) { messages[$0] != nil }
            var expired: [(UUID, OpenMessage)] = []
            while let tag = expiries.popExpired(now: now - Self.grace, isAlive: { messages[$0] != nil }) {
                if let open = messages[tag] { expired.append((tag, open)) }
            }
            return expired
        }
    }

    extension UUID {
        /// Makes a name for something in this process.
        fileprivate init(number: UInt64) {
            func byte(_ place: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: number >> (8 * place)) }
            self.init(
                uuid: (
                    0, 0, 0, 0, 0, 0, 0, 0, byte(7), byte(6), byte(5), byte(4), byte(3), byte(2), byte(1), byte(0)
                )
            )
        }
    }
#endif
