/// A transport that calls a function with each message, on the thread on which it came, instead of waking a task that
/// receives it.
package protocol MessagePushing: ExchangeTransport {
    /// Hands every message to the function, also what waits already, until the transport ends or the task is cancelled.
    /// Nobody else receives meanwhile.
    ///
    /// The function may be called by several threads at once, and once more after the end. It must not wait for anything: the
    /// thread may be the one that receives for the whole process.
    ///
    /// - Returns: What ``ExchangeTransport/receive(timeout:)`` would throw.
    func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError
}

extension ExchangeTransport {
    /// Hands every message to the function until the transport ends, and returns why: see ``MessagePushing``.
    func receiveAll(_ take: @escaping @Sendable (Message) -> Void) async -> ExchangeError {
        if let pushing = self as? any MessagePushing { return await pushing.push(to: take) }
        do throws(ExchangeError) {
            while true { take(try await receive(timeout: nil)) }
        } catch {
            return error
        }
    }
}
