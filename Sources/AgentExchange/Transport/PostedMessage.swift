/// A message on its way: see ``ExchangeTransport/post(_:_:)``.
public protocol PostedMessage: Sendable {
    /// Withdraws the message, unless its send has ended. The send then ends with ``ExchangeError/Code/cancelled``; its
    /// ``ExchangeError/delivery-swift.property`` says whether the message may still arrive. Never waits.
    func cancel()
}
