internal import AMQP
package import AgentExchange
internal import Primitives
internal import Synchronization

/// A message on its way from a transport. An answer in a batch is not withdrawn.
package final class PostedPublication: PostedMessage {
    package typealias Ended = @Sendable (Result<Void, ExchangeError>) -> Void

    private enum Step {
        case none
        case publication(UInt64)
        case task(Int)
        /// Another way carries the message, and withdraws it.
        case elsewhere(@Sendable () -> Void)
    }

    private struct State {
        var step = Step.none
        var isCancelled = false
    }

    private let link: BrokerLink
    private let background: BackgroundTasks
    private let ended: Ended
    private let state = Mutex(State())

    /// - Parameter background: Runs the last step, if one is needed.
    init(on link: BrokerLink, _ background: BackgroundTasks, _ ended: @escaping Ended) {
        self.link = link
        self.background = background
        self.ended = ended
    }

    /// Sends, and waits for the outcome.
    static func outcome(
        on link: BrokerLink,
        _ background: BackgroundTasks,
        of send: (PostedPublication) throws(ExchangeError) -> Void
    ) async throws(ExchangeError) {
        let posted = Mutex<PostedPublication?>(nil)
        let result: Result<Void, ExchangeError> = await withWaiter { waiter in
            let post = PostedPublication(on: link, background) { waiter.resume(returning: $0) }
            posted.withLock { $0 = post }
            post.begin(send)
            if Task.isCancelled { post.cancel() }
            return nil
        } onCancel: {
            posted.withLock { $0 }?.cancel()
        }
        try result.get()
    }

    /// Sends; an error that is thrown is the outcome.
    package func begin(_ send: (PostedPublication) throws(ExchangeError) -> Void) {
        do throws(ExchangeError) {
            try send(self)
        } catch {
            end(.failure(error))
        }
    }

    package func end(_ result: Result<Void, ExchangeError>) {
        ended(result)
    }

    /// Leaves the message to another way, which calls ``end(_:)``.
    ///
    /// - Parameter withdraw: Called when the message is cancelled.
    package func leave(to withdraw: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.step = .elsewhere(withdraw)
            return state.isCancelled
        }
        if isCancelled { withdraw() }
    }

    /// Publishes the first step. It may end, and the next one begin, before this returns.
    func publish(
        _ publication: Publication,
        deadline: Deadline?,
        _ ended: @escaping @Sendable (Result<Void, AMQPError>) -> Void
    ) {
        guard let number = link.publish(publication, deadline: deadline, ended: ended) else { return }
        let isCancelled = state.withLock { state in
            switch state.step {
            case .none, .elsewhere: state.step = .publication(number)
            case .publication, .task: break
            }
            return state.isCancelled
        }
        if isCancelled { link.cancelPublication(number) }
    }

    /// Runs the last step, if one is needed, in a task.
    func goOn(_ body: @escaping @Sendable () async throws(ExchangeError) -> Void) {
        let task = background.start { [self] in
            do throws(ExchangeError) {
                try await body()
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

    package func cancel() {
        let step = state.withLock { state in
            state.isCancelled = true
            return state.step
        }
        switch step {
        case .none: break
        case .publication(let number): link.cancelPublication(number)
        case .task(let number): background.cancel(number)
        case .elsewhere(let withdraw): withdraw()
        }
    }
}
