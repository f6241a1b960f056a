internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// Renews the holds of requests that take longer than the broker's acknowledgement timeout.
///
/// In a replicated mailbox, a copy of the request is put into the mailbox and confirmed, then the old delivery is
/// acknowledged. When the copy is delivered, it is recognized and replaces that delivery. In a single mailbox, the
/// delivery is given back, arrives again at once from the head of the queue, and is recognized. In a replicated one
/// that would count as an attempt.
struct LeaseKeeper: Sendable {
    private let contents: MailboxContents
    private let timeout: Duration
    private let isCounted: Bool

    /// Returns `nil` when nothing is to be renewed.
    init?(_ intake: DeliveryIntake) {
        guard let timeout = intake.link.configuration.acknowledgementTimeout else { return nil }
        contents = intake.contents
        self.timeout = timeout
        isCounted = intake.notes == nil
    }

    /// Renews requests that were held for half of the timeout. Called every eighth of it.
    func renew() async {
        let limit = ContinuousClock.now - timeout / 2
        // Requests that no handler has yet.
        for waiting in contents.held.withLock({ $0.takeWaiting(heldSince: limit) }) { await giveBack(waiting) }
        let renewals = contents.held.withLock { $0.beginRenewals(heldSince: limit) { $0.peer == nil } }
        await withDiscardingTaskGroup { group in
            for renewal in renewals {
                switch renewal.receipt {
                case .delivery(let delivery): group.addTask { await renew(renewal, delivery) }
                case .direct: break
                }
            }
        }
    }

    /// Returns a waiting request to the head of the mailbox, or to its end if the broker would otherwise give it up.
    private func giveBack(_ waiting: HeldRequests<Receipt>.Held) async {
        guard case .delivery(let delivery)? = waiting.receipt else { return }
        if isCounted, !mayBeRequeued(delivery),
            (try? await contents.link.publish(copy(of: waiting.request, delivery))) != nil
        {
            delivery.acknowledge()
        } else {
            delivery.reject(requeue: true)
        }
    }

    /// Returns whether the broker will deliver it again.
    private func mayBeRequeued(_ delivery: Delivery) -> Bool {
        let count = delivery.properties.headers[Header.deliveryCount]?.integerValue ?? 0
        return count < contents.link.configuration.redeliveryLimit
    }

    private func renew(_ renewal: HeldRequests<Receipt>.Renewal, _ delivery: Delivery) async {
        guard isCounted else {
            giveBack(renewal)
            return
        }
        let link = contents.link
        do {
            let patience = min(link.configuration.operationTimeout, timeout / 8)
            try await link.publish(copy(of: renewal.request, delivery), deadline: .after(patience))
            contents.held.withLock { $0.renewed(renewal)?.settle() }
            link.logger.debug("a hold was renewed", metadata: .init(.request(renewal.request)))
        } catch {
            refused(renewal, delivery, error)
        }
    }

    /// Handles a refused copy: the mailbox is full, or the broker accepts no messages. The delivery is given back, as
    /// long as the broker does not give it up for that. In a terminated mailbox the copy has no route, and the end is
    /// near.
    private func refused(_ renewal: HeldRequests<Receipt>.Renewal, _ delivery: Delivery, _ error: AMQPError) {
        contents.link.logger.debug(
            "a hold could not be renewed by a copy",
            metadata: .init(.request(renewal.request)).with(.error, error.description)
        )
        if error.code != .unroutable, mayBeRequeued(delivery) {
            giveBack(renewal)
        } else {
            contents.held.withLock { $0.keep(renewal) }
        }
    }

    private func giveBack(_ renewal: HeldRequests<Receipt>.Renewal) {
        if case .delivery(let delivery)? = contents.held.withLock({ $0.giveBack(renewal) }) {
            delivery.reject(requeue: true)
        }
    }

    /// Returns the request with its remaining deadline and its attempt, from which the count continues.
    private func copy(of request: Request, _ delivery: Delivery) -> Publication {
        var properties = delivery.properties.forMoving(principal: request.principal)
        properties.headers[Header.attempt] = .int64(Int64(request.attempt))
        properties.headers[Header.deliveryCount] = nil
        if let deadline = request.deadline {
            let left = deadline.milliseconds(since: .now)
            if left > 0 { properties.expiration = String(min(left, Int64(UInt32.max))) }
        }
        let names = contents.session.names
        let key = names.mailboxKey(of: contents.mailboxID)
        return names.publication(properties, delivery.body, to: key)
    }
}
