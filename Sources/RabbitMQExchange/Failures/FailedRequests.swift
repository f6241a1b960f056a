internal import AMQP
internal import AgentExchange
internal import Foundation

/// Puts failed requests into the queue that keeps them for operators.
struct FailedRequests: Sendable {
    let link: BrokerLink

    /// The longest time that a request is kept: 49 days, the longest of AMQP.
    static let longest = Duration.seconds(49 * 86_400)

    /// Keeps a request with its error, and returns when the broker has confirmed it.
    func keep(_ request: Request, _ failure: Failure, for time: Duration) async throws(ExchangeError) {
        // The deadline may have passed by now.
        let before = request.deadline.map { $0.addingTimeInterval(-1) } ?? .now
        var (properties, body) = try Envelope.encode(.request(request), replyTo: nil, now: before)
        properties.timestamp = Date.now.amqpTimestamp
        properties.expiration = String(min(max(.zero, time), Self.longest).milliseconds)
        properties.headers[Header.attempt] = .int64(Int64(request.attempt))
        properties.headers[Header.principal] = .string(request.principal ?? "")
        properties.headers[Header.reason] = "request-failed"
        properties.headers[Header.detail] = .string(
            failure.message.cut(toBytes: Envelope.maximumErrorText)
        )
        properties.headers[Header.errorCode] = .string(
            failure.code.rawValue.cut(toBytes: Envelope.maximumName)
        )
        if let type = failure.type {
            properties.headers[Header.errorType] = .string(type.cut(toBytes: Envelope.maximumName))
        }
        link.complete(&properties)
        // That of a connection is unique only there.
        properties.messageID = UUID.random().lowercased
        let publication = Publication(
            exchange: link.names.deadLetters,
            routingKey: ExchangeNames.DeadLetterKey.failed,
            properties: properties,
            body: body,
            mandatory: true
        )
        do throws(AMQPError) {
            try await SharedPublications(link: link).publish(
                publication,
                by: link.publications,
                deadline: link.deadline,
                restoring: .failures(link.names)
            )
        } catch {
            throw ExchangeError(error, "the failed request was not kept", entity: request.destination)
        }
    }
}

extension RabbitMQTransport {
    func keepFailed(_ request: Request, _ failure: Failure, for time: Duration)
        async throws(ExchangeError)
    {
        try checkOpen()
        try await FailedRequests(link: session.link).keep(request, failure, for: time)
    }
}
