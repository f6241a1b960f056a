#if AutoGen
    internal import WorkerRuntime

    extension ClientState {
        /// The parts of a state that ended.
        struct Ended {
            let calls: [Call]
            let writer: CheckedContinuation<Void, Never>?
            let control: ControlChannel?
        }

        mutating func end() -> Ended {
            phase = .ended
            queue.end()
            defer {
                calls = [:]
                // The exchange has them, and hands them out again.
                events = [:]
                control = nil
            }
            return Ended(calls: Array(calls.values), writer: takeWriter(), control: control)
        }

        /// Takes the requests and events that were written and are larger than a size.
        mutating func takeOversized(_ limit: Int) -> (calls: [(Call, Int)], events: [RelayedEvent]) {
            let (requests, oversized) = queue.takeWritten(above: limit)
            let calls = requests.compactMap { id, size in self.calls.removeValue(forKey: id).map { ($0, size) } }
            return (calls, settled(oversized))
        }

        /// The consequences of time.
        struct Tick {
            var delivered: [RelayedEvent] = []
            var failed: [Call] = []
            var slow: [Call] = []
            var departure: Departure?
            var isOverfull = false
        }

        mutating func tick(_ now: ContinuousClock.Instant, _ configuration: AutoGenHostConfiguration) -> Tick {
            var tick = Tick()
            switch phase {
            case .ended: break
            case .streaming:
                tick.delivered = settled(queue.expire(now: now))
                if queue.waitingBytes > configuration.maximumBacklog {
                    tick.isOverfull = true
                    tick.departure = .lost
                }
                for (id, call) in calls where !call.isReported && call.began + configuration.slowRequest <= now {
                    calls[id]?.isReported = true
                    tick.slow.append(call)
                }
            case .waiting(let end, let hadStream):
                guard end <= now else { break }
                if hadStream {
                    tick.departure = .lost
                } else {
                    for (id, call) in calls {
                        queue.end(id)
                        tick.failed.append(call)
                    }
                    calls = [:]
                    if lastUse + configuration.idleLimit <= now { tick.departure = .left }
                }
            }
            return tick
        }
    }
#endif
