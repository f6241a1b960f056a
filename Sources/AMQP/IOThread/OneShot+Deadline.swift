internal import Primitives

extension OneShot {
    /// Returns the value as soon as it is set, or `nil` when the deadline passes or the task is cancelled first.
    func wait(until deadline: Deadline) async -> Value? { await wait(until: deadline.instant) }
}
