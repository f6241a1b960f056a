#if AutoGen
    internal import DequeModule

    /// The messages for one client: those that wait to be written, and those that were written and may have to be written again
    /// to a newer stream. It is pure: it has no clock and writes nothing.
    struct OutgoingQueue<Event: Hashable & Sendable>: Sendable {
        enum Kind: Sendable {
            /// A request, with its identifier on the stream.
            case request(String)
            case event(Event)
            case response
        }

        struct Item: Sendable {
            let number: Int
            let kind: Kind
            let bytes: [UInt8]
        }

        private struct Held: Sendable {
            let item: Item
            let written: ContinuousClock.Instant

            func add(to events: inout [Event]) {
                if case .event(let event) = item.kind { events.append(event) }
            }
        }

        private let hold: Duration
        private let holdCount: Int
        /// The number of messages that the exchange hands out before one of them is settled.
        private var room = Int.max
        private var last = 0
        private var waiting: Deque<Item> = []
        /// Requests that were withdrawn while they waited.
        private var withdrawn: Set<String> = []
        /// Requests that wait.
        private var unwritten: Set<String> = []
        /// Written requests without an answer.
        private var asked: [String: Item] = [:]
        /// Written events and responses that do not count as delivered yet.
        private var held: Deque<Held> = []

        /// The bytes that wait to be written.
        private(set) var waitingBytes = 0

        /// Whether nothing waits to be written.
        var isEmpty: Bool { waiting.isEmpty }

        /// The number of messages that are kept.
        var count: Int { waiting.count + asked.count + held.count }

        /// - Parameters:
        ///   - hold: How long the stream has to live after a message was written to it.
        ///   - holdCount: The number of later messages after which a message counts as delivered earlier.
        init(hold: Duration, holdCount: Int) {
            self.hold = hold
            self.holdCount = max(0, holdCount)
        }

        /// Limits the held messages, together with the unanswered requests, to half of the messages that the exchange hands out
        /// before one of them is settled: they must not keep it from handing out more.
        mutating func limit(room: Int) {
            self.room = min(self.room, room)
        }

        private var heldLimit: Int { min(holdCount, max(0, room / 2 - asked.count)) }

        mutating func put(_ kind: Kind, _ bytes: [UInt8]) {
            last += 1
            waiting.append(Item(number: last, kind: kind, bytes: bytes))
            waitingBytes += bytes.count
            if case .request(let id) = kind { unwritten.insert(id) }
        }

        /// Takes the next messages to write: up to a number of them and of bytes, and at least one.
        ///
        /// - Returns: The messages, and the events that count as delivered by now.
        mutating func take(
            upTo limit: Int,
            bytes maximum: Int,
            now: ContinuousClock.Instant
        ) -> (batch: [[UInt8]], delivered: [Event]) {
            var batch: [[UInt8]] = []
            var size = 0
            while batch.count < limit, let item = waiting.first, batch.isEmpty || size + item.bytes.count <= maximum {
                waiting.removeFirst()
                waitingBytes -= item.bytes.count
                switch item.kind {
                case .request(let id):
                    unwritten.remove(id)
                    if withdrawn.remove(id) != nil { continue }
                    asked[id] = item
                case .event, .response:
                    held.append(Held(item: item, written: now))
                }
                size += item.bytes.count
                batch.append(item.bytes)
            }
            var delivered: [Event] = []
            while held.count > heldLimit, let first = held.popFirst() { first.add(to: &delivered) }
            return (batch, delivered)
        }

        /// Returns the events that count as delivered by now.
        mutating func expire(now: ContinuousClock.Instant) -> [Event] {
            var delivered: [Event] = []
            while let first = held.first, first.written + hold <= now {
                held.removeFirst()
                first.add(to: &delivered)
            }
            return delivered
        }

        /// Ends a request, which was answered or withdrawn.
        mutating func end(_ request: String) {
            if asked.removeValue(forKey: request) != nil { return }
            if unwritten.contains(request) { withdrawn.insert(request) }
        }

        /// Takes the requests without an answer and the held events that were written and have more bytes than a limit.
        mutating func takeWritten(above limit: Int) -> (requests: [(id: String, size: Int)], events: [Event]) {
            let requests = asked.filter { $0.value.bytes.count > limit }
            for id in requests.keys { asked[id] = nil }
            var events: [Event] = []
            for entry in held where entry.item.bytes.count > limit { entry.add(to: &events) }
            held.removeAll { $0.item.bytes.count > limit }
            return (requests.map { (id: $0.key, size: $0.value.bytes.count) }, events)
        }

        /// Lets everything that was written and may not have arrived be written again, in its order.
        mutating func rewind() {
            var items = asked.values + held.map(\.item)
            for item in items {
                waitingBytes += item.bytes.count
                if case .request(let id) = item.kind { unwritten.insert(id) }
            }
            asked = [:]
            held = []
            items.sort { $0.number < $1.number }
            waiting.prepend(contentsOf: items)
        }

        /// Removes everything.
        mutating func end() {
            self = OutgoingQueue(hold: hold, holdCount: holdCount)
        }
    }
#endif
