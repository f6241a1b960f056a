extension AMQPError {
    /// There was no connection until the deadline; a limit of the broker is told as such.
    static func noConnection(_ cause: AMQPError?, delivery: DeliveryOutcome) -> AMQPError {
        let why = cause.map { ": \($0.message)" } ?? "."
        return AMQPError(
            code: cause?.isLimit == true ? .limitReached : .timedOut,
            delivery: delivery,
            message: "There was no connection to the broker until the deadline\(why)",
            underlying: cause
        )
    }

    /// Whether it says something of one call, whatever becomes of the connection.
    var isAboutTheCall: Bool {
        switch code {
        case .timedOut, .cancelled, .blocked, .nacked, .unroutable, .frameTooLarge, .nameTooLong, .unsupported,
            .channelLimitReached, .limitReached, .notFound, .accessRefused, .resourceLocked, .preconditionFailed:
            true
        default: false
        }
    }
}
