/// Thrown by a request handler to leave the request unanswered. It is given back when the client closes, and served by
/// the next process that opens the mailbox.
package struct RequestLeft: Error {
    /// Makes the error.
    package init() {}
}
