internal import Foundation
internal import Synchronization

/// Relates the answers to control messages to those who wait for them.
final class ControlDesk: Sendable {
    private let open = Mutex<[UUID: Signal<ControlMessage.Kind>]>([:])

    /// Opens a wait for the answer with this id, before the question is sent.
    func expect(_ id: UUID) -> Signal<ControlMessage.Kind> {
        let signal = Signal<ControlMessage.Kind>()
        open.withLock { $0[id] = signal }
        return signal
    }

    /// Ends a wait.
    func forget(_ id: UUID) {
        _ = open.withLock { $0.removeValue(forKey: id) }
    }

    /// An answer came.
    func resolve(_ control: ControlMessage) {
        open.withLock { $0.removeValue(forKey: control.id) }?.send(control.kind)
    }
}
