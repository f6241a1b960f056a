internal import Foundation
internal import Synchronization

/// The streamed results and the broadcasts of a client whose answers are awaited.
final class OpenStreams: Sendable {
    private struct State {
        var streams: [UUID: PartBuffer] = [:]
        var gatherings: [UUID: Gathering] = [:]
        var finished = RecentSet<UUID>(capacity: 4096)
        var end: ExchangeError?

        /// Whether nothing was ever added, as with most clients.
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

    /// Returns whether it was there.
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

    /// A response came. Returns `nil` when it belongs to no stream or broadcast.
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

    /// Ends everything, and lets nothing be added. Returns the requests of the streams that were open.
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
