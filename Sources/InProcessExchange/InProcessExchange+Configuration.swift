extension InProcessExchange {
    /// The limits of an in-process exchange.
    public struct Configuration: Sendable, Hashable {
        /// The largest message: the size of its payloads in bytes. Checked before sending. The default is 16 MiB.
        public var maximumMessageSize: Int = 16 * 1024 * 1024

        /// The number of requests of one mailbox that may be received and unanswered; further requests wait. Responses
        /// are still delivered. At least 1; the default is 128.
        public var prefetch: Int = 128

        /// The number of messages that may wait in a mailbox; `nil`, the default, sets no limit. Further ones are
        /// refused with `ExchangeError.Code.mailboxFull`. The answer to a request is never refused.
        public var maximumMailboxLength: Int?

        /// The number of subscriptions that the exchange keeps; further ones are refused with
        /// `ExchangeError.Code.limitReached`. The default is 1,000,000.
        public var maximumSubscriptions: Int = 1_000_000

        /// Makes a configuration with the defaults.
        public init() {}
    }
}
