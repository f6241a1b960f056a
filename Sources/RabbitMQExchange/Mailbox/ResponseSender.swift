internal import AMQP
internal import AgentExchange
internal import Logging
internal import Synchronization

/// Sends the responses of a mailbox, and settles the requests that they answer. The confirm is handled on the connection's
/// thread; only failures need a task.
struct ResponseSender: Sendable {
    /// Holds the requests.
    let intake: DeliveryIntake

    private var session: Session { intake.session }

    /// Sends a response, and acknowledges its request if this process received it. After a part the request stays held.
    func send(_ response: Response, _ post: PostedPublication) throws(ExchangeError) {
        guard response.isTerminal else {
            try publish(response, to: way(of: response), post)
            return
        }
        switch intake.held.withLock({ $0.answer(response) }) {
        case .send(let way):
            let answer = ReadyAnswer(response, way, of: self, post)
            if !session.ready.take(answer) { publish(answer) }
        case .again:
            if intake.isTerminated {
                throw ExchangeError(.mailboxTerminated, "it was answered already", entity: intake.mailboxID)
            }
            intake.link.logger.warning("a second answer was dropped", metadata: .init(.response(response)))
            post.end(.success(()))
        case .foreign:
            try publish(response, to: .mailbox, post)
        }
    }

    /// Returns the place for a part, whose request must be held here.
    private func way(of part: Response) throws(ExchangeError) -> ReplyWay {
        if intake.isTerminated {
            throw ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: intake.mailboxID)
        }
        guard let way = intake.held.withLock({ $0.way(of: part) }) else {
            let text = "the request is not held here, or was answered"
            throw ExchangeError(.invalidMessage, text, entity: intake.mailboxID)
        }
        return way
    }

    /// Publishes a response that settles nothing here.
    private func publish(_ response: Response, to way: ReplyWay, _ post: PostedPublication) throws(ExchangeError) {
        let publication = try session.responses.publication(of: response, to: way)
        post.publish(publication, deadline: nil) { [session] result in
            guard case .failure(let error) = result else { return post.end(.success(())) }
            post.goOn { () throws(ExchangeError) in
                guard try await session.responses.publishElsewhere(publication, response, after: error) else {
                    throw await session.mailboxes.whyUnreachable(response.destination)
                }
            }
        }
    }

    // MARK: Answers to held requests

    /// Publishes the answer to a held request alone.
    func publish(_ answer: ReadyAnswer) {
        do throws(ExchangeError) {
            let publication = try session.responses.publication(of: answer.response, to: answer.way)
            answer.post.publish(publication, deadline: nil) { ended(CollectionOfOne(answer), $0) }
        } catch {
            intake.fail(answer.response)
            answer.post.end(.failure(error))
        }
    }

    /// Records the broker's decision about answers to held requests.
    func ended(_ answers: some Collection<ReadyAnswer>, _ result: Result<Void, AMQPError>) {
        guard case .failure(let error) = result else {
            intake.finish(answers.lazy.map(\.response))
            for answer in answers { answer.post.end(.success(())) }
            return
        }
        for answer in answers { failed(answer, error) }
    }

    private func failed(_ answer: ReadyAnswer, _ error: AMQPError) {
        let response = answer.response
        guard error.isOfTheQueue else {
            intake.fail(response)
            let what = "the answer was not delivered"
            return answer.post.end(.failure(ExchangeError(error, what, entity: response.destination)))
        }
        answer.post.goOn { () throws(ExchangeError) in
            let isDelivered: Bool
            do throws(ExchangeError) {
                let publication = try session.responses.publication(of: response, to: answer.way)
                isDelivered = try await session.responses.publishElsewhere(publication, response, after: error)
            } catch {
                intake.fail(response)
                throw error
            }
            intake.finish(CollectionOfOne(response))
            guard isDelivered else { throw await session.mailboxes.whyUnreachable(response.destination) }
        }
    }
}
