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
        next.attempt += 1
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
}
