import ExchangeTestKit
import Foundation

@testable import AMQP

/// A table of publications with a carrier, and everything that ended.
final class TableScene {
    struct Unexpected: Error {}

    static let lost = AMQPError(code: .connectionLost, delivery: .unknown, message: "lost")

    let connection: ConnectionShared
    let start = ContinuousClock.now
    var table: PublicationTable
    var endings: [PublicationTable.Ending] = []
    private(set) var carrier: Carrier

    /// A publisher's table without a channel.
    init(window: PublishWindow = PublishWindow()) {
        connection = ConnectionShared(window: window)
        carrier = Carrier(connection: connection, channel: ChannelKey(number: 1, generation: 0))
        table = PublicationTable()
    }

    /// The table of a channel.
    convenience init(channelWith window: PublishWindow, isConfirmed: Bool = true) {
        self.init(window: window)
        table = PublicationTable(of: carrier, isConfirmed: isConfirmed)
    }

    /// Adds a publication with a text as its routing key.
    ///
    /// - Parameters:
    ///   - id: The message id of a mandatory publication.
    ///   - seconds: The deadline, in seconds after the start.
    @discardableResult
    func submit(
        _ text: String = "k",
        size: Int = 0,
        id: String? = nil,
        seconds: Int = 1000
    ) -> PendingPublication {
        let message = Publication(
            exchange: "e",
            routingKey: text,
            properties: MessageProperties(messageID: id),
            body: Data(count: size),
            mandatory: id != nil
        )
        let publication = PendingPublication(message, deadline: Deadline(start + .seconds(seconds)))
        _ = table.submit(publication, into: &endings)
        return publication
    }

    /// Begins with another channel, or goes on with this one to try a publication alone.
    func attach(only publication: PendingPublication? = nil, isSame: Bool = false) {
        if !isSame {
            carrier = Carrier(connection: connection, channel: ChannelKey(number: 1, generation: nextGeneration))
        }
        table.attach(to: carrier, user: nil, only: publication)
    }

    private var nextGeneration: UInt32 { carrier.channel.generation + 1 }

    /// Writes the next publication, if one may be written.
    func next() -> PendingPublication? {
        if case .publication(let publication) = table.next(for: carrier) { publication } else { nil }
    }

    /// Writes all that may be written, and returns them.
    @discardableResult
    func writeAll() -> [PendingPublication] {
        var written: [PendingPublication] = []
        while let publication = next() { written.append(publication) }
        return written
    }

    @discardableResult
    func answer(_ tag: UInt64, multiple: Bool = false, positive: Bool = true) -> Bool {
        table.answered(carrier, tag: tag, multiple: multiple, positive: positive, into: &endings)
    }

    func end(_ reason: AMQPError = lost) { table.channelEnded(carrier, reason, into: &endings) }

    /// Ends what is overdue so many seconds after the start.
    func expire(at seconds: Int, because error: AMQPError = .deadlinePassed) {
        _ = table.expire(start + .seconds(seconds), because: error, into: &endings)
    }

    /// The next deadline.
    var nextDeadline: ContinuousClock.Instant? { table.nextDeadline() }

    /// Cancels the caller of a publication.
    func cancel(_ publication: PendingPublication) { table.cancel(publication, into: &endings) }

    /// Ends the suspects that are larger than the limit in the error. Returns the limit.
    func convictLarge(_ error: AMQPError) -> Int? { table.convictLarge(error, into: &endings) }

    /// The only error so far.
    func onlyError() throws -> AMQPError {
        guard endings.count == 1, case .failure(let error) = endings[0].result else { throw Unexpected() }
        return error
    }
}
