extension AMQPError {
    /// The library has no memory for a connection.
    static var outOfMemory: AMQPError {
        AMQPError(code: .internal, delivery: .notSent, message: "The library could not allocate memory.")
    }

    /// TLS can not be set up.
    static func tlsError(
        _ why: String,
        recoverySuggestion: String = "check that the files are there, may be read and have PEM"
    ) -> AMQPError {
        AMQPError(
            code: .tlsFailed,
            delivery: .notSent,
            message: "TLS failed: \(why).",
            recoverySuggestion: recoverySuggestion
        )
    }
}
