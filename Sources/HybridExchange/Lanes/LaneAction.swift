internal import Foundation

/// A step that a lane asks for. Steps are carried out in order.
enum LaneAction<Element: Sendable>: Sendable {
    /// Publish the message to the queue that the lane uses. Its confirm and its return are told to the lane.
    ///
    /// `attempt` is 2 when the owner had taken it directly. `mayComeAgain` is true when a peer may have it too: the agent
    /// that runs it must not forget its tag after the usual number of answers.
    case publish(UUID, Element, attempt: Int, mayComeAgain: Bool)

    /// Tell the peer that an opening begins. With `isMarked`, publish a marker first, to the same queue; the peer says
    /// `opened` when it has read both.
    case open(UInt32, isMarked: Bool)

    /// Write the message to the socket. With `isCopied`, it is at the broker too.
    case write(UUID, Element, opening: UInt32, isCopied: Bool)

    /// Tell the peer that a copy of a request that was written earlier comes through the broker.
    case expectCopy(UUID)

    /// The message is accepted: its `send` returns, or the request that it answers is acknowledged.
    case accept(UUID)

    /// The broker refused the request, and no peer has it as far as is known: an accepted request is answered with the
    /// reason, the `send` of another one throws it. `mayBeTaken` is true when a peer got it and its connection ended
    /// before it replied.
    case fail(UUID, wasAccepted: Bool, mayBeTaken: Bool)
}

extension LaneAction: Equatable where Element: Equatable {}
extension LaneAction: Hashable where Element: Hashable {}
