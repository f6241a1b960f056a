internal import Foundation
internal import Synchronization

/// A client's open streams and broadcasts.
final class OpenStreams: Sendable {
    private struct State {
        var streams: [UUID: PartBuffer] = [:]
        var gatherings: [UUID: Gathering] = [:]
        var finished = RecentSet<UUID>(capacity: 4096)
        var end: ExchangeError?

        /// Whether nothing was ever added, as in most clients.
        var isUnused: Bool { streams.isEmpty && gatherings.isEmpty && finished.isEmpty }
    }

    private let state = Mutex(State())

    func add(_ buffer: PartBuffer) throws(ExchangeError) {
        let end = state.withLock { state in
            if state.end == nil { state.streams[buffer.request.tag] = buffer }
            return state.end
        }
        if let end { throw end }
    }

    func add(_ gathering: Gathering) throws(ExchangeError) {
        let end = state.withLock { state in
            if state.end == nil { state.gatherings[gathering.tag] = gathering }
            return state.end
        }
        if let end { throw end }
    }

    /// The number of open streams.
    var count: Int { state.withLock { $0.streams.count } }

    /// Removes a stream. Returns whether it was open.
    @discardableResult
    func remove(_ buffer: PartBuffer) -> Bool {
        state.withLock { state in
            state.finished.insert(buffer.request.tag)
            return state.streams.removeValue(forKey: buffer.request.tag) != nil
        }
    }

    func remove(_ gathering: Gathering) {
        state.withLock { state in
            state.finished.insert(gathering.tag)
            state.gatherings[gathering.tag] = nil
        }
    }

    /// Hands a response to its stream or broadcast. Returns `nil` if it belongs to none.
    func put(_ response: Response) -> PendingRequests.Arrival? {
        let (buffer, gathering, isLate): (PartBuffer?, Gathering?, Bool) = state.withLock { state in
            if state.isUnused { return (nil, nil, false) }
            return (state.streams[response.tag], state.gatherings[response.tag], state.finished.contains(response.tag))
        }
        if let buffer {
            guard buffer.request.label == response.label, buffer.request.destination == response.source else {
                return .unexpected
            }
            buffer.put(response)
            return .delivered
        }
        if let gathering {
            guard gathering.label == response.label else { return .unexpected }
            return gathering.put(response) ? .delivered : .unexpected
        }
        return isLate ? .late : nil
    }

    /// Ends all streams and broadcasts and refuses new ones. Returns the requests of the open streams.
    @discardableResult
    func close(_ error: ExchangeError) -> [Request] {
        let (streams, gatherings) = state.withLock { state in
            state.end = error
            defer {
                state.streams = [:]
                state.gatherings = [:]
            }
            return (Array(state.streams.values), Array(state.gatherings.values))
        }
        for stream in streams { stream.fail(error) }
        for gathering in gatherings { gathering.end(error.code) }
        return streams.map(\.request)
    }
}
