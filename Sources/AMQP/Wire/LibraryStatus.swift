internal import CRabbitMQ

/// Translates the library's status numbers into errors.
enum LibraryStatus {
    static func text(_ status: Int32) -> String {
        guard let text = unsafe amqp_error_string2(status) else { return "status \(status)" }
        return unsafe String(cString: text)
    }

    /// Returns the error for the status of a call after the login.
    static func error(_ status: Int32) -> AMQPError {
        switch status {
        case AMQP_STATUS_BAD_AMQP_DATA.rawValue, AMQP_STATUS_UNKNOWN_CLASS.rawValue,
            AMQP_STATUS_UNKNOWN_METHOD.rawValue:
            .protocolViolation("The broker sent something that is not AMQP 0-9-1: \(text(status)).")
        default:
            AMQPError(code: .connectionLost, delivery: .unknown, message: "The connection failed: \(text(status)).")
        }
    }
}
