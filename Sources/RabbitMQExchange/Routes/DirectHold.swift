internal import AMQP
internal import Foundation

/// The hold of a request that came past the broker. Another session has a copy of it until the request is answered.
final class DirectHold: Sendable {
    /// The session that sent the request.
    let peer: UUID
    private let account: ReceivedBytes
    private let bytes: Int

    /// - Parameter bytes: The size of the request. It counts as received until the hold ends.
    init(of peer: UUID, bytes: Int, account: ReceivedBytes) {
        self.peer = peer
        self.account = account
        self.bytes = bytes
        account.take(bytes)
    }

    deinit { account.release(bytes) }
}
