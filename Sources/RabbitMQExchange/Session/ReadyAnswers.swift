internal import AMQP
internal import AgentExchange
internal import Synchronization

/// An answer to a held request that is ready to send.
struct ReadyAnswer: Sendable {
    let route: BrokerRoute
    let response: Response
    let way: ReplyWay
    /// Reports the outcome to the sender of the answer.
    let post: PostedPublication
    /// Its size in a message with others; `nil` when it is sent alone.
    let size: Int?

    init(_ response: Response, _ way: ReplyWay, of route: BrokerRoute, _ post: PostedPublication) {
        self.route = route
        self.response = response
        self.way = way
        self.post = post
        let limit = way.together
        size = limit == 0 ? nil : ResponseBatch.size(of: response).flatMap { $0 <= limit ? $0 : nil }
    }
}

/// The answers of a session that are ready to send. Answers to the same other session that are ready in one turn of the
/// publishing thread are sent in one message, if that session accepts it: one confirm ends all of them, and the
/// requester gets one delivery.
///
/// No answer waits for others: the thread takes all that are ready in its turn.
final class ReadyAnswers: Sendable {
    private let link: BrokerLink
    private let answers = Mutex<[ReadyAnswer]>([])

    init(link: BrokerLink) {
        self.link = link
    }

    /// The number of answers that wait for the next turn.
    var count: Int { answers.withLock { $0.count } }

    /// Takes an answer to a session that accepts messages with several. Returns `false` for all others.
    ///
    /// A larger answer is taken too, so that it does not overtake earlier ones.
    func take(_ answer: ReadyAnswer) -> Bool {
        guard answer.way.together > 0 else { return false }
        let isFirst = answers.withLock { answers in
            answers.append(answer)
            return answers.count == 1
        }
        if isFirst { link.atNextTurn { [self] in publishAll() } }
        return true
    }

    /// Calls a function that publishes something behind all answers that were taken before.
    func publish(behindAll body: @escaping @Sendable () -> Void) {
        link.atNextTurn { [self] in
            publishAll()
            body()
        }
    }

    private func publishAll() {
        let ready = answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
        if let first = ready.first, ready.count == 1 { return first.route.publish(first) }
        for (way, answers) in Dictionary(grouping: ready, by: \.way) {
            guard let queue = way.queue else { continue }
            let limit = min(way.together, link.largestBody ?? .max)
            var (start, bytes) = (0, 0)
            for (index, answer) in answers.enumerated() {
                // An answer that is sent alone fills a message.
                let size = answer.size ?? limit
                if index > start, bytes + size > limit || index - start == ResponseBatch.maximumCount {
                    publish(answers[start..<index], to: queue, bytes)
                    (start, bytes) = (index, 0)
                }
                bytes += size
            }
            publish(answers[start...], to: queue, bytes)
        }
    }

    private func publish(_ answers: ArraySlice<ReadyAnswer>, to queue: String, _ bytes: Int) {
        if let first = answers.first, answers.count == 1 { return first.route.publish(first) }
        var properties = ResponseBatch.properties()
        // Its requester would send requests to the sources of all answers past the broker.
        let isFromOwner = !answers.contains { $0.route.contents.isMember }
        if isFromOwner, let peer = link.peer { properties.headers[Header.peer] = .string(peer) }
        link.complete(&properties)
        let publication = link.names.publication(
            properties,
            ResponseBatch.encode(answers.lazy.map(\.response), bytes: bytes),
            to: queue
        )
        _ = link.publish(publication) { Self.ended(answers, $0) }
    }

    private static func ended(_ answers: ArraySlice<ReadyAnswer>, _ result: Result<Void, AMQPError>) {
        if case .failure(let error) = result, error.isAboutTheMessage {
            // The broker's limit is lower than was known. Each answer alone may be small enough.
            for answer in answers { answer.route.publish(answer) }
            return
        }
        var left = answers
        while let route = left.first?.route {
            let end = left.firstIndex { $0.route.intake !== route.intake } ?? left.endIndex
            route.ended(left[..<end], result)
            left = left[end...]
        }
    }
}
