/// Thrown by a request handler that leaves the request unanswered: it is given back when the client closes, and served by
/// whoever opens the mailbox next.
package struct RequestLeft: Error {
    /// Leaves the request.
    package init() {}
}
