internal import Foundation
internal import Synchronization

/// The notices that tell agents that a requester stopped waiting for them.
final class CancelNotices: Sendable {
    private let transport: any ExchangeTransport
    /// Cancelled requests that their agents have not been told about yet.
    private let untold = Mutex<[UUID: Request]>([:])

    init(_ transport: any ExchangeTransport) {
        self.transport = transport
    }

    /// Adds a cancelled request. ``tell(_:)`` or ``tellAll(and:)`` follows.
    func add(_ request: Request) { untold.withLock { $0[request.tag] = request } }

    /// Tells the agent of a request. The notice may be lost.
    func tell(_ request: Request) async {
        let notice = Notice(from: transport.mailboxID, to: request.destination, tag: request.tag, .cancel)
        try? await transport.send(.notice(notice))
        untold.withLock { $0[request.tag] = nil }
    }

    /// Tells the agents of all added requests and of `others`, even when the calling task is cancelled.
    func tellAll(and others: [Request]) async {
        let requests = untold.withLock { Array($0.values) } + others
        if requests.isEmpty { return }
        let telling = Task {
            await withDiscardingTaskGroup { group in
                for request in requests { group.addTask { await self.tell(request) } }
            }
        }
        await telling.value
    }
}
