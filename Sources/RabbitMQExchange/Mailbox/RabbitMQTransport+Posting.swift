internal import AMQP
internal import AgentExchange
internal import Logging
internal import Synchronization

/// Sends without a task that waits for the confirm. The confirm and its consequences are handled on the connection's
/// thread; only failures need a task.
extension RabbitMQTransport {
    typealias Ended = @Sendable (Result<Void, ExchangeError>) -> Void

    var sendsAtOnce: Bool { false }

    var requestLimit: Int { prefetch }

    func post(_ message: Message, _ ended: @escaping Ended) -> any PostedMessage {
        let post = PostedPublication(self, ended)
        do throws(ExchangeError) {
            try check(message)
            switch message {
            case .request(let request): try begin(request, post)
            case .response(let response) where response.isTerminal: try begin(response, post)
            case .response, .notice:
                post.goOn { (transport) throws(ExchangeError) in try await transport.send(message) }
            }
        } catch {
            post.end(.failure(error))
        }
        return post
    }

    private func begin(_ request: Request, _ post: PostedPublication) throws(ExchangeError) {
        let (publication, deadline) = try publication(of: request)
        post.publish(publication, deadline: deadline) { result in
            guard case .failure(let error) = result else { return post.end(.success(())) }
            guard error.isOfTheQueue || error.code == .notFound else {
                let what = "the request was not delivered"
                return post.end(.failure(ExchangeError(error, what, entity: request.destination)))
            }
            post.goOn { (transport) throws(ExchangeError) in
                try await transport.sendAgain(publication, request, after: error, deadline: deadline)
            }
        }
    }

    private func begin(_ response: Response, _ post: PostedPublication) throws(ExchangeError) {
        switch held.withLock({ $0.answer(response) }) {
        case .send(let way):
            let answer = ReadyAnswer(response, way, of: self, post)
            if !session.ready.take(answer) { publish(answer) }
        case .again:
            try checkAgain(response)
            post.end(.success(()))
        case .foreign:
            post.goOn { (transport) throws(ExchangeError) in try await transport.send(foreign: response) }
        }
    }

    /// Publishes the answer to a held request alone.
    func publish(_ answer: ReadyAnswer) {
        do throws(ExchangeError) {
            let publication = try session.publication(of: answer.response, replyTo: answer.way?.queue)
            answer.post.publish(publication, deadline: nil) { [self] in ended(CollectionOfOne(answer), $0) }
        } catch {
            fail(answer.response)
            answer.post.end(.failure(error))
        }
    }

    /// Records the broker's decision about answers to held requests.
    func ended(_ answers: some Collection<ReadyAnswer>, _ result: Result<Void, AMQPError>) {
        guard case .failure(let error) = result else {
            finish(answers.lazy.map(\.response))
            for answer in answers { answer.post.end(.success(())) }
            return
        }
        for answer in answers { failed(answer, error) }
    }

    private func failed(_ answer: ReadyAnswer, _ error: AMQPError) {
        let response = answer.response
        guard error.isOfTheQueue else {
            fail(response)
            let what = "the answer was not delivered"
            return answer.post.end(.failure(ExchangeError(error, what, entity: response.destination)))
        }
        answer.post.goOn { (transport) throws(ExchangeError) in
            try await transport.finish(response) { (session) throws(ExchangeError) in
                let publication = try session.publication(of: response, replyTo: answer.way?.queue)
                return try await session.publishElsewhere(publication, response, after: error)
            }
        }
    }
}

extension AMQPError {
    /// Whether the queue refused the message or was missing: another place may accept it, or the same one later.
    fileprivate var isOfTheQueue: Bool { code == .nacked || code == .unroutable }
}

/// A message on its way from a transport. An answer in a batch is not withdrawn.
final class PostedPublication: PostedMessage {
    private enum Step {
        case none
        case publication(UInt64)
        case task(Int)
    }

    private struct State {
        var step = Step.none
        var isCancelled = false
    }

    private let transport: RabbitMQTransport
    private let ended: RabbitMQTransport.Ended
    private let state = Mutex(State())

    init(_ transport: RabbitMQTransport, _ ended: @escaping RabbitMQTransport.Ended) {
        self.transport = transport
        self.ended = ended
    }

    func end(_ result: Result<Void, ExchangeError>) {
        ended(result)
    }

    /// Publishes the first step. It may end, and the next one begin, before this returns.
    func publish(
        _ publication: Publication,
        deadline: Deadline?,
        _ ended: @escaping @Sendable (Result<Void, AMQPError>) -> Void
    ) {
        guard let number = transport.link.publish(publication, deadline: deadline, ended: ended) else { return }
        state.withLock { state in
            if case .none = state.step { state.step = .publication(number) }
        }
    }

    /// Runs the last step, if one is needed, in a task.
    func goOn(_ body: @escaping @Sendable (RabbitMQTransport) async throws(ExchangeError) -> Void) {
        let background = transport.session.background
        let task = background.start { [self] in
            do throws(ExchangeError) {
                try await body(transport)
                end(.success(()))
            } catch {
                end(.failure(error))
            }
        }
        guard let task else {
            return end(.failure(ExchangeError(.closed, "the session is closed", delivery: .unknown)))
        }
        let isCancelled = state.withLock { state in
            state.step = .task(task)
            return state.isCancelled
        }
        if isCancelled { background.cancel(task) }
    }

    func cancel() {
        let step = state.withLock { state in
            state.isCancelled = true
            return state.step
        }
        switch step {
        case .none: break
        case .publication(let number): transport.link.cancelPublication(number)
        case .task(let number): transport.session.background.cancel(number)
        }
    }
}
