/// An error of a broker or of the connection to it, as the cause of an ``ExchangeError``.
package protocol BrokerFault: Error {
    /// Whether the place on the broker that the URL names does not exist.
    var isAboutThePlace: Bool { get }
}
