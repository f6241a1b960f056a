extension InProcessExchange {
    /// The limits of an in-process exchange.
    public struct Configuration: Sendable, Hashable {
        /// The largest message: the bytes of its payloads. Checked before sending. 16 MiB.
        public var maximumMessageSize: Int = 16 * 1024 * 1024

        /// How many requests of one mailbox may be received and not yet answered; further requests wait. Responses are
        /// delivered nevertheless. At least 1; 128.
        public var prefetch: Int = 128

        /// How many messages may wait in a mailbox; `nil` is no limit, the default. A further one is refused with
        /// `ExchangeError.Code.mailboxFull`. The answer to a request is never refused.
        public var maximumMailboxLength: Int?

        /// The defaults.
        public init() {}
    }
}
