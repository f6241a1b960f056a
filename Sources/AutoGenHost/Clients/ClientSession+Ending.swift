#if AutoGen
    internal import AgentExchange
    internal import Foundation
    internal import GRPCCore
    internal import Logging
    internal import Primitives
    internal import Synchronization
    internal import WorkerRuntime

    extension ClientSession {
        /// Ends the session at once: nothing more is taken or written. The exchange's side follows.
        ///
        /// - Returns: `false` when it has ended before.
        func end(_ departure: Departure) -> Bool {
            let ended = state.withLock { state -> (ClientState.Ended)? in
                if state.isEnded { return nil }
                return state.end()
            }
            guard let ended else { return false }
            hasEnded.set(())
            ended.writer?.resume()
            ended.control?.end()
            for call in ended.calls { call.ending.set(configuration.ending(of: call.address, departure)) }
            requests.cancelEach()
            return true
        }

        /// Answers the requests, and drops the events, that were written and are larger than a worker usually takes: they may be
        /// the reason for which the stream broke, and would end the next worker's too.
        func failOversized() {
            let (calls, events) = state.withLock { $0.takeOversized(Self.usualMessageSize) }
            for (call, size) in calls { call.ending.set(.failure(Self.oversized(size))) }
            for event in events {
                drops.count(.tooLarge)
                event.settle()
            }
        }

        private static func oversized(_ size: Int) -> Failure {
            let text =
                "the worker's stream ended while it had this request of \(size) bytes; a worker takes "
                + "\(usualMessageSize) bytes unless extra_grpc_config says otherwise"
            return Failure(.messageTooLarge, text)
        }

        /// Answers the client's callers, and lets its own requests end with an error. Returns when each request that was read
        /// has its answer in the queue of the stream, and each event that was read is published; requests that are read later
        /// are answered at once.
        ///
        /// - Parameter patience: How long to wait for that.
        func beginStop(patience: Duration) async {
            let end = ContinuousClock.Instant.after(patience)
            let (calls, lastAnswer) = state.withLock { state in
                state.isStopping = true
                if state.asking > 0 { state.lastAnswer = OneShot() }
                defer { state.calls = [:] }
                for id in state.calls.keys { state.queue.end(id) }
                return (Array(state.calls.values), state.lastAnswer)
            }
            for call in calls { call.ending.set(configuration.ending(of: call.address, .stopped)) }
            requests.cancelEach()
            _ = await lastAnswer?.wait(until: end)
            _ = await requests.waitUntilIdle(timeout: ContinuousClock.now.duration(to: end))
            await finishPublishing(within: ContinuousClock.now.duration(to: end))
        }

        /// Waits until the events that were read are published. Those that are not by then are dropped, and counted.
        func finishPublishing(within limit: Duration) async {
            _ = await publications.drain(grace: max(.zero, limit), patience: .seconds(1))
        }

        /// Lets the streams end with an error as soon as the waiting messages are written.
        func endStreams(_ error: RPCError) {
            let (writer, control) = state.withLock { state in
                state.stopping = error
                return (state.takeWriter(), state.control)
            }
            writer?.resume()
            control?.end()
        }

        /// Whether a stream is open.
        var isStreaming: Bool {
            state.withLock { if case .streaming = $0.phase { true } else { false } }
        }

        /// Settles events that count as delivered, ends waits, and reports slow workers. Returns the way in which the session has
        /// to end, if it has.
        func tick(_ now: ContinuousClock.Instant) -> Departure? {
            let result = state.withLock { $0.tick(now, configuration) }
            for event in result.delivered { event.settle() }
            for call in result.failed { call.ending.set(.failure(Self.withoutStream(call.address))) }
            if result.isOverfull { logger.warning("a client takes its messages too slowly") }
            for call in result.slow {
                drops.countSlowRequest()
                logger.warning(
                    "a worker has not answered a request",
                    metadata: .init(keys: [
                        .mailbox: call.address.type, .duration: "\(call.began.duration(to: now))",
                    ]).with(.reason, AnswerText.silence(call.address))
                )
            }
            return result.departure
        }
    }
#endif
