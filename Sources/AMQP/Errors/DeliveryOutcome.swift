/// What became of the message or request an ``AMQPError`` is about.
public enum DeliveryOutcome: String, Sendable, Hashable {
    /// It never left this process: the broker has not seen it.
    case notSent
    /// The broker received it and refused it: it had no effect.
    case refused
    /// It was written, and whether the broker acted on it is not known.
    case unknown
}
