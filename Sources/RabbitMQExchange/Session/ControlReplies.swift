internal import Foundation
internal import Primitives
internal import Synchronization

/// Matches the answers to control messages with their waiting tasks.
final class ControlReplies: Sendable {
    private let open = Mutex<[UUID: [ControlMessage.Kind?: OneShot<ControlMessage.Kind>]]>([:])
    private let readers = Mutex<[UUID: @Sendable (ControlMessage) -> Void]>([:])

    /// Opens a wait for the answer with this id before the question is sent: for one kind, or for any kind that is not
    /// awaited separately.
    func expect(_ id: UUID, _ kind: ControlMessage.Kind? = nil) -> OneShot<ControlMessage.Kind> {
        let signal = OneShot<ControlMessage.Kind>()
        open.withLock { $0[id, default: [:]][kind] = signal }
        return signal
    }

    /// Hands every answer with this id to a function, until ``forget(_:)``. Several sessions may answer.
    func read(_ id: UUID, _ reader: @escaping @Sendable (ControlMessage) -> Void) {
        readers.withLock { $0[id] = reader }
    }

    /// Ends the waits for the answers with this id.
    func forget(_ id: UUID) {
        _ = open.withLock { $0.removeValue(forKey: id) }
        _ = readers.withLock { $0.removeValue(forKey: id) }
    }

    /// Resolves the wait for an answer.
    func resolve(_ control: ControlMessage) {
        if let reader = readers.withLock({ $0[control.id] }) { reader(control) }
        open.withLock { $0[control.id].flatMap { $0[control.kind] ?? $0[nil] } }?.set(control.kind)
    }
}
