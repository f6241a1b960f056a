/// The outcome of the message or request of an ``AMQPError``.
public enum PublicationOutcome: String, Sendable, Hashable {
    /// It never left this process: the broker has not seen it.
    case notSent
    /// The broker received and refused it: it had no effect.
    case refused
    /// It was written, but it is unknown whether the broker acted on it.
    case unknown
}
