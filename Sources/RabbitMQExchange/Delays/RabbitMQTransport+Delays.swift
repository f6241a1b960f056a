internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Synchronization

extension RabbitMQTransport {
    var delaysRequests: Bool { true }

    func delay(_ request: Request, until time: Date) async throws(ExchangeError) {
        try checkOpen()
        let contents = attachment.contents
        guard let entry = contents.held.withLock({ $0.beginDelay(of: request) }) else {
            if contents.isTerminated {
                throw ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: mailboxID)
            }
            throw ExchangeError(.invalidMessage, "the request is not held here, or was answered", entity: mailboxID)
        }
        var next = entry.request.with(notBefore: time)
        next.attempt = request.attempt + 1
        let peer = entry.receipt?.peer
        do throws(ExchangeError) {
            // The requester of a direct request may publish it, too.
            let mayComeAgain = entry.isCopied || peer != nil
            try await session.delays.delay(next, way: entry.way, mayComeAgain: mayComeAgain, in: contents)
        } catch {
            contents.fail(request.response())
            throw error
        }
        contents.delayed(request)
        if let peer { session.direct?.returned(request, to: peer) }
    }

    var repeatsRequests: Bool { true }

    func beginSeries(_ request: Request) async throws(ExchangeError) {
        try checkOpen()
        guard request.isRepeated, request.source == mailboxID, request.destination == mailboxID else {
            throw ExchangeError(.invalidMessage, "a series has requests of the mailbox to itself", entity: mailboxID)
        }
        try await session.delays.begin(request, in: attachment.contents)
    }

    func endSeries(_ id: UUID) async throws(ExchangeError) {
        try checkOpen()
        try await session.delays.end(id, in: attachment.contents)
    }
}
