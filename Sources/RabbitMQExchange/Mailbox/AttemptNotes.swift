internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// Counts the deliveries of a mailbox's requests where the broker does not: a classic queue only reports whether there
/// was an earlier one.
///
/// Before a request is delivered again, a note with its attempt is put into a queue of the mailbox's own, and
/// confirmed. The next owner reads all notes and leaves them there. A member of a group reads them again, once a second at
/// most, for requests that others may have noted. The queue exists only after a redelivery; it
/// expires a day later, and has at most ``limit`` notes.
final class AttemptNotes: Sendable {
    private static let limit = 1000
    private static let expiry = Duration.seconds(86_400)

    private let link: BrokerLink
    private let mailbox: EntityID
    /// Whether others write notes meanwhile: the mailbox is that of a work group.
    private let isShared: Bool
    /// `nil` until the notes have been read.
    private let attempts = Mutex<[AnsweredRequests.Key: Int]?>(nil)
    private let lastRead = Mutex(ContinuousClock.now)

    init(link: BrokerLink, mailbox: EntityID, isShared: Bool = false) {
        self.link = link
        self.mailbox = mailbox
        self.isShared = isShared
    }

    /// Returns the attempt of a redelivered request, and writes a note of it. Not for concurrent use.
    ///
    /// If notes can't be read or written, the result is an estimate: a request must not wait for them.
    func next(of request: Request) async -> Int {
        let key = AnsweredRequests.Key(source: request.source, tag: request.tag)
        do {
            // Read again when there are many: most of them are of requests that were answered meanwhile.
            if mustRead {
                let read = try await read()
                lastRead.withLock { $0 = .now }
                attempts.withLock { attempts in
                    let known = attempts.map { $0.count < 2 * Self.limit ? $0 : [:] } ?? [:]
                    // Another member that reads at the same time hides some of them.
                    attempts = isShared ? read.merging(known) { max($0, $1) } : read
                }
            }
            let attempt = attempts.withLock { attempts in
                let attempt = max(attempts?[key] ?? 1, request.attempt - 1) + 1
                attempts?[key] = attempt
                return attempt
            }
            try await write(key, attempt)
            return attempt
        } catch {
            link.logger.warning(
                "an attempt could not be counted",
                metadata: .init(.request(request)).with(.error, "\(error)")
            )
            return request.attempt
        }
    }

    private var mustRead: Bool {
        let isStale = isShared && lastRead.withLock { $0 <= .now - .seconds(1) }
        return isStale || attempts.withLock { $0.map { $0.count >= 2 * Self.limit } ?? true }
    }

    private func read() async throws(ExchangeError) -> [AnsweredRequests.Key: Int] {
        let (queue, deadline) = (link.names.attempts(of: mailbox), link.deadline)
        let way = Topology.Binding(of: queue, to: queue, in: link.names)
        let declaration = QueueDeclaration(
            name: queue,
            arguments: [
                "x-queue-type": "classic",
                "x-expires": .int64(Self.expiry.milliseconds),
                "x-max-length": .int64(Int64(Self.limit)),
            ]
        )
        // Closing it returns the notes.
        return try await link.attempt("can't read notes", entity: mailbox) { (channel) throws(AMQPError) in
            try await channel.declareQueue(declaration, deadline: deadline)
            try await channel.bind(.queue(queue), to: way.exchange, routingKey: way.key, deadline: deadline)
            var attempts: [AnsweredRequests.Key: Int] = [:]
            while let note = try await channel.get(queue, deadline: deadline) {
                guard let source = EntityID(header: note.properties.headers[Header.source], name: nil),
                    let tag = note.properties.correlationID.flatMap(UUID.init(text:)),
                    let attempt = note.properties.headers[Header.attempt]?.integerValue
                else { continue }
                let key = AnsweredRequests.Key(source: source, tag: tag)
                attempts[key] = max(attempts[key] ?? 1, Int(min(max(1, attempt), Int64(Int32.max))))
            }
            return attempts
        }
    }

    private func write(_ key: AnsweredRequests.Key, _ attempt: Int) async throws(AMQPError) {
        var properties = MessageProperties()
        properties.type = "warren-attempt"
        properties.appID = Envelope.applicationID
        properties.correlationID = key.tag.lowercased
        properties.expiration = String(Self.expiry.milliseconds)
        properties.headers = [
            Header.source: .string(key.source.header),
            Header.attempt: .int64(Int64(attempt)),
        ]
        let publication = link.names.publication(properties, Data(), to: link.names.attempts(of: mailbox))
        try await link.publish(publication, deadline: .after(link.patience))
    }
}
