internal import AMQP

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
}
