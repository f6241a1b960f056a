package import Foundation

/// The end of a request's handler.
enum ServiceEnd: Sendable {
    /// The answer is to be sent.
    case answered(Response)
    /// The request is to be given back when the client closes.
    case left
    /// The request is to be handed out again at a time. The answer is sent if that can't be done.
    case delayed(until: Date, otherwise: Response)

    /// The outcome for metrics and traces; `nil` when the request is given back.
    var response: Response? {
        switch self {
        case .answered(let response), .delayed(_, let response): response
        case .left: nil
        }
    }
}

/// Thrown by a request handler whose request is to be handed out again at a time, as the next attempt.
package struct DelayedAttempt: Error {
    let time: Date
    let answer: Response

    /// Makes the error.
    ///
    /// - Parameter answer: Sent when the exchange does not delay the request.
    package init(until time: Date, otherwise answer: Response) {
        self.time = time
        self.answer = answer
    }
}
