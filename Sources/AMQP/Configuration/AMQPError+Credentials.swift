extension AMQPError {
    /// Returns the error for missing credentials. It reports only the type of `error`, because its text may contain secrets.
    static func noCredentials(_ why: String, _ error: (any Error)?) -> AMQPError {
        let kind = error.map { " (\(type(of: $0)))" } ?? ""
        return AMQPError(
            code: .authenticationFailed,
            delivery: .notSent,
            message: "No credentials: \(why)\(kind).",
            underlying: error as? AMQPError
        )
    }
}
