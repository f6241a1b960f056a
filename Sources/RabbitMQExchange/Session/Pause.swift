internal import AMQP
internal import Primitives

/// The pause between two attempts on an open connection.
struct Pause {
    private var backoff: Backoff

    init(_ recovery: RecoveryPolicy) {
        backoff = Backoff(recovery)
    }

    /// Waits, longer each time; shorter if the task is cancelled.
    mutating func next() async {
        try? await Task.sleep(for: backoff.next(random: .random(in: 0..<1)))
    }

    /// Waits as ``next()``, but not longer than until a signal is set.
    mutating func next(until signal: OneShot<Void>) async {
        _ = await signal.wait(until: .now + backoff.next(random: .random(in: 0..<1)))
    }
}
