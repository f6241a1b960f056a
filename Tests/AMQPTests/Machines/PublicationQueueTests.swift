import ExchangeTestKit
import Foundation
import Primitives
import Testing

@testable import AMQP

@Suite("An queue")
struct PublicationQueueTests {
    private static func queue(_ connection: ConnectionShared) -> PublicationQueue {
        let key = ChannelKey(number: 1, generation: 1)
        return PublicationQueue(of: Carrier(connection: connection, channel: key), isConfirmed: true)
    }

    private static func publication(
        _ ended: @escaping @Sendable (Result<Void, AMQPError>) -> Void = { _ in }
    ) -> PendingPublication {
        let message = Publication(exchange: "", routingKey: "x", body: Data())
        return PendingPublication(message, deadline: .soon, waiter: .function(ended))
    }

    @Test("tells the connection's thread once, and again after that has looked")
    func announces() {
        let connection = ConnectionShared()
        let queue = Self.queue(connection)
        for _ in 1...100 { _ = queue.submit(Self.publication()) }
        #expect(connection.thread.submissions.takeSubmissions().count == 1)
        _ = queue.submit(Self.publication())
        #expect(connection.thread.submissions.takeSubmissions().isEmpty)
        queue.announced()
        _ = queue.submit(Self.publication())
        #expect(connection.thread.submissions.takeSubmissions().count == 1)
    }

    @Test("of a channel fails each publication when the connection has ended, with its reason, as not sent")
    func refused() {
        let connection = ConnectionShared()
        _ = connection.thread.submissions.refuse(with: TableScene.lost)
        let errors = Monitor<[AMQPError]>([])
        let queue = Self.queue(connection)
        for _ in 1...3 {
            _ = queue.submit(
                Self.publication { result in
                    if case .failure(let error) = result { errors.update { $0.append(error) } }
                }
            )
        }
        #expect(errors.value.map(\.code) == [.connectionLost, .connectionLost, .connectionLost])
        #expect(errors.value.allSatisfy { $0.delivery == .notSent })
    }

    /// The publisher's task, not a connection's thread, watches the deadlines then.
    @Test("of a publisher wakes its task for a deadline that is earlier than the one that the task waits for")
    func earlierDeadline() throws {
        let configuration = try ConnectionConfiguration(url: "amqp://guest:guest@127.0.0.1")
        let connection = RecoveringConnection(configuration: configuration, logger: BrokerFixture.quiet)
        let queue = PublicationQueue { connection.refusal }
        let now = ContinuousClock.now
        let ends = Monitor<[String]>([])
        func submit(_ name: String, seconds: Int) {
            let message = Publication(exchange: "", routingKey: name, body: Data())
            let deadline = Deadline(now + .seconds(seconds))
            let waiter = Waiter<Void>.function { _ in ends.update { $0.append(name) } }
            _ = queue.submit(PendingPublication(message, deadline: deadline, waiter: waiter))
        }
        let error = AMQPError.deadlinePassed
        let first = queue.expire(now, because: error)
        #expect(first.next == nil)
        submit("a", seconds: 20)
        #expect(first.changed.value != nil)
        let second = queue.expire(now, because: error)
        #expect(second.next == now + .seconds(20))
        submit("later", seconds: 30)
        #expect(second.changed.value == nil)
        submit("earlier", seconds: 10)
        #expect(second.changed.value != nil)
        let third = queue.expire(now + .seconds(20), because: error)
        #expect(ends.value == ["earlier", "a"])
        #expect(third.next == now + .seconds(30))
    }
}
