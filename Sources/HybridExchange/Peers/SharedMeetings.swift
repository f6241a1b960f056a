internal import Foundation
internal import Synchronization

/// The keys of a session, for all its handshakes.
final class SharedMeetings: Sendable {
    private let meetings = Mutex(Meetings())

    /// Adds a key.
    func add(_ meeting: Meeting) {
        meetings.withLock { $0.add(meeting, now: .now) }
    }

    /// Lets a handshake read bytes, and take its key when both proofs are right.
    func receive(
        _ bytes: some Collection<UInt8>,
        by handshake: inout Handshake
    ) throws(HandshakeError) -> [Handshake.Action] {
        try meetings.withLock { meetings throws(HandshakeError) in
            try handshake.receive(bytes, &meetings, now: .now)
        }
    }

    /// Returns the meeting with a key that its other session may use to dial.
    func find(_ id: UUID) throws(HandshakeError) -> Meeting {
        try meetings.withLock { meetings throws(HandshakeError) in
            try meetings.find(id, now: .now)
        }
    }
}
