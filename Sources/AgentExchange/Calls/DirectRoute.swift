/// Hands a request to an agent of this process, past its mailbox. Returns `false` when the agent takes no more requests;
/// otherwise the function that was passed is called once, with the answer.
package typealias DirectRoute =
    @Sendable (
        _ request: Request,
        _ answered: @escaping @Sendable (Response) -> Void
    ) -> Bool
