internal import AMQP
internal import AgentExchange
internal import Foundation

/// The way of one mailbox's messages over the broker. A confirm is handled on the connection's thread; only failures need
/// a task.
struct BrokerRoute: MessageRoute {
    /// Holds the requests that the mailbox received, and learns the outcome of their answers.
    let intake: DeliveryIntake

    var contents: MailboxContents { intake.contents }
    var session: Session { intake.session }
    var link: BrokerLink { intake.link }
    var names: ExchangeNames { link.names }
    var mailboxes: MailboxLookup { session.mailboxes }

    // MARK: Requests and notices

    func send(_ request: Request, mayComeAgain: Bool, _ post: PostedPublication) throws(ExchangeError) {
        let (publication, deadline) = try publication(of: request, mayComeAgain: mayComeAgain)
        post.publish(publication, deadline: deadline) { result in
            guard case .failure(let error) = result else { return post.end(.success(())) }
            guard error.isOfTheQueue || error.code == .notFound else {
                let what = "the request was not delivered"
                return post.end(.failure(ExchangeError(error, what, entity: request.destination)))
            }
            post.goOn { () throws(ExchangeError) in
                try await sendAgain(publication, request, after: error, deadline: deadline)
            }
        }
    }

    func notice(_ notice: Notice, _ post: PostedPublication) throws(ExchangeError) {
        let (properties, body) = try Envelope.encode(.notice(notice), replyTo: nil)
        let key = names.controlKey(of: notice.destination)
        let publication = names.publication(properties, body, to: key, mandatory: false)
        post.publish(publication, deadline: nil) { result in
            post.end(result.mapError { ExchangeError($0, "the notice was not sent", entity: notice.destination) })
        }
    }

    /// Returns the publication of a request, and its deadline.
    private func publication(
        of request: Request,
        mayComeAgain: Bool = false
    ) throws(ExchangeError) -> (Publication, Deadline) {
        var (properties, body) = try Envelope.encode(
            .request(request),
            replyTo: link.replyTo,
            together: link.together
        )
        // A receiver that knows no times refuses it, rather than run it at once.
        if request.notBefore != nil { properties.type = MessageKind.scheduledRequest.rawValue }
        if request.series != nil { properties.type = MessageKind.repeatedRequest.rawValue }
        // Sent past the broker before: its owner had taken it.
        if request.attempt > 1 { properties.headers[Header.attempt] = .int64(Int64(request.attempt)) }
        if mayComeAgain { properties.headers[Header.again] = true }
        link.complete(&properties)
        let key = names.mailboxKey(of: request.destination)
        let publication = names.publication(properties, body, to: key)
        var limit = link.configuration.operationTimeout
        if let deadline = request.deadline {
            limit = min(limit, .milliseconds(deadline.milliseconds(since: .now)))
        }
        return (publication, .after(limit))
    }

    func prepareEvent() {}

    /// Everything that was accepted is at the broker already.
    func close() async {}

    // MARK: Responses

    func part(_ response: Response, to way: ReplyWay, _ post: PostedPublication) throws(ExchangeError) {
        let publication = try link.publication(
            of: response,
            to: way,
            isFromOwner: intake.isActive && !contents.isMember
        )
        post.publish(publication, deadline: nil) { result in
            guard case .failure(let error) = result else { return post.end(.success(())) }
            post.goOn { () throws(ExchangeError) in
                guard try await session.responses.publishElsewhere(publication, response, after: error) else {
                    throw await mailboxes.whyUnreachable(response.destination)
                }
            }
        }
    }

    func answer(_ response: Response, to way: ReplyWay, _ post: PostedPublication) {
        let answer = ReadyAnswer(response, way, of: self, post)
        if !session.ready.take(answer) { publish(answer) }
    }

    /// Publishes the answer to a held request alone.
    func publish(_ answer: ReadyAnswer) {
        do throws(ExchangeError) {
            let publication = try link.publication(of: answer.response, to: answer.way, isFromOwner: !contents.isMember)
            answer.post.publish(publication, deadline: nil) { ended(CollectionOfOne(answer), $0) }
        } catch {
            contents.fail(answer.response)
            answer.post.end(.failure(error))
        }
    }

    /// Records the broker's decision about answers to held requests.
    func ended(_ answers: some Collection<ReadyAnswer>, _ result: Result<Void, AMQPError>) {
        guard case .failure(let error) = result else {
            contents.finish(answers.lazy.map(\.response))
            for answer in answers { answer.post.end(.success(())) }
            return
        }
        for answer in answers { failed(answer, error) }
    }

    private func failed(_ answer: ReadyAnswer, _ error: AMQPError) {
        let response = answer.response
        guard error.isOfTheQueue else {
            contents.fail(response)
            let what = "the answer was not delivered"
            return answer.post.end(.failure(ExchangeError(error, what, entity: response.destination)))
        }
        answer.post.goOn { () throws(ExchangeError) in
            let isDelivered: Bool
            do throws(ExchangeError) {
                let publication = try link.publication(of: response, to: answer.way)
                isDelivered = try await session.responses.publishElsewhere(publication, response, after: error)
            } catch {
                contents.fail(response)
                throw error
            }
            contents.finish(CollectionOfOne(response))
            guard isDelivered else { throw await mailboxes.whyUnreachable(response.destination) }
        }
    }
}
