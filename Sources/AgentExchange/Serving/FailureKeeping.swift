public import Foundation

/// A request that ended in an error, and was kept for an operator.
public struct FailedRequest: Sendable, Hashable {
    /// The request.
    public let request: Request

    /// The error.
    public let failure: Failure

    /// The time of the failure.
    public let time: Date

    /// Makes the record.
    package init(_ request: Request, _ failure: Failure, at time: Date) {
        self.request = request
        self.failure = failure
        self.time = time
    }
}
