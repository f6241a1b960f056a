#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import RabbitMQExchange

    /// The way of one mailbox's messages: directly where the other session can be reached, else through the broker.
    struct HybridRoute: MessageRoute {
        let mailbox: EntityID
        let traffic: LaneTraffic
        let meetings: PeerMeetings
        let broker: any MessageRoute
        /// Settles the request that a response answers.
        let delivered: @Sendable (Response) -> Void

        func send(_ request: Request, mayComeAgain: Bool, _ post: PostedPublication) throws(ExchangeError) {
            let carried = CarriedPost(post: post, broker: broker, way: .mailbox, delivered: nil)
            // The broker keeps a request until its time.
            let isScheduled = request.notBefore != nil || request.series != nil
            if isScheduled || !traffic.send(request, carried) {
                try broker.send(request, mayComeAgain: mayComeAgain, post)
            }
        }

        func answer(_ response: Response, to way: ReplyWay, _ post: PostedPublication) {
            let carried = CarriedPost(post: post, broker: broker, way: way, delivered: delivered)
            if !traffic.send(response, carried) { broker.answer(response, to: way, post) }
        }

        func part(_ response: Response, to way: ReplyWay, _ post: PostedPublication) throws(ExchangeError) {
            let carried = CarriedPost(post: post, broker: broker, way: way, delivered: nil)
            if !traffic.send(response, carried) { try broker.part(response, to: way, post) }
        }

        func notice(_ notice: Notice, _ post: PostedPublication) throws(ExchangeError) {
            if !traffic.send(notice) { return try broker.notice(notice, post) }
            post.end(.success(()))
        }

        func broadcast(_ broadcast: Broadcast, limit: Int) async throws(ExchangeError) -> [AgentID] {
            traffic.prepareBroadcast(from: mailbox)
            // Requests that were sent meanwhile may be unread, too.
            defer { traffic.prepareBroadcast(from: mailbox) }
            return try await broker.broadcast(broadcast, limit: limit)
        }

        func prepareEvent() {
            traffic.prepareBroadcast(from: mailbox)
        }

        func close() async {
            if await traffic.close(mailbox) { meetings.forget(mailbox) }
        }
    }
#endif
