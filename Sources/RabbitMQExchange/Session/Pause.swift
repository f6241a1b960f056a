internal import AMQP

/// The time between two attempts at something on a connection that is there.
struct Pause {
    private var backoff: Backoff

    init(_ link: BrokerLink) {
        backoff = Backoff(link.consumer.configuration.recovery)
    }

    /// Waits, longer each time; shorter when the task is cancelled.
    mutating func next() async {
        try? await Task.sleep(for: backoff.next(random: .random(in: 0..<1)))
    }
}
