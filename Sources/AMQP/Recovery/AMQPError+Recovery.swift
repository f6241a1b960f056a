extension AMQPError {
    /// Returns the error of a call without a connection until its deadline. A reached limit of the broker keeps its
    /// code.
    static func noConnection(_ cause: AMQPError?, delivery: PublicationOutcome) -> AMQPError {
        let why = cause.map { ": \($0.message)" } ?? "."
        return AMQPError(
            code: cause?.isLimit == true ? .limitReached : .timedOut,
            delivery: delivery,
            message: "There was no connection to the broker until the deadline\(why)",
            underlying: cause
        )
    }

    /// Whether the error concerns a single call, in any state of the connection.
    var isAboutTheCall: Bool {
        switch code {
        case .timedOut, .cancelled, .blocked, .nacked, .unroutable, .frameTooLarge, .nameTooLong, .unsupported,
            .invalidConfiguration, .channelLimitReached, .limitReached, .notFound, .accessRefused, .resourceLocked,
            .preconditionFailed:
            true
        default: false
        }
    }
}
