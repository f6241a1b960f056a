#if AutoGen
    internal import AgentExchange
    internal import WorkerRuntime

    /// The way in which a client ended.
    enum Departure: Sendable {
        /// It closed its stream.
        case left
        /// It was killed, cut off, or hangs.
        case lost
        /// The host stops.
        case stopped
    }

    extension AutoGenHostConfiguration {
        /// Returns the end of a request that the worker had not answered.
        func ending(of address: AgentAddress, _ departure: Departure) -> WorkerCall.Ending {
            let type = address.type
            // Others may have the type, or come later. The end of the type answers the request.
            if outlivesClients(type), departure != .lost || onLoss == .handOver {
                return .left
            }
            switch departure {
            case .left:
                return .failure(Failure(.mailboxTerminated, "the worker of \(type) left before it answered"))
            case .stopped:
                return .failure(Failure(.unavailable, "the worker's host stopped before the worker answered"))
            case .lost:
                if onLoss == .fail {
                    return .failure(Failure(.mailboxTerminated, "the worker of \(type) was lost before it answered"))
                }
                return .left
            }
        }
    }
#endif
