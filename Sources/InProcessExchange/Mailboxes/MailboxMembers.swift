internal import AgentExchange
internal import DequeModule
internal import Foundation

/// The members of a work group: all receivers of one mailbox, in the order in which they are served. A pure value.
///
/// A notice waits for each member, and an answer for the member that asked.
struct MailboxMembers {
    typealias Receiver = Int

    private struct Member {
        /// The number of requests that it holds.
        var load = 0
        var notices: Deque<Notice> = []
        var responses: Deque<Response> = []
        /// The tags of the requests that it sent last.
        var asked = RecentTags(capacity: 8192)
    }

    private var members: [Receiver: Member] = [:]
    /// The next to be served comes first.
    private(set) var all: [Receiver] = []

    /// The number of waiting answers.
    var responseCount: Int { members.values.reduce(0) { $0 + $1.responses.count } }

    mutating func add(_ receiver: Receiver) {
        members[receiver] = Member()
        all.append(receiver)
    }

    /// Removes a member. Returns the answers that it has not received.
    mutating func remove(_ receiver: Receiver) -> Deque<Response> {
        all.removeAll { $0 == receiver }
        return members.removeValue(forKey: receiver)?.responses ?? []
    }

    /// Drops the waiting notices and answers.
    mutating func clear() {
        for receiver in all {
            members[receiver]?.notices = []
            members[receiver]?.responses = []
        }
    }

    // MARK: Requests

    /// Returns the number of requests that a member holds.
    func load(of receiver: Receiver) -> Int { members[receiver]?.load ?? 0 }

    /// Puts a member at the end of the turn.
    mutating func served(_ receiver: Receiver) {
        guard let index = all.firstIndex(of: receiver) else { return }
        all.append(all.remove(at: index))
    }

    mutating func took(_ receiver: Receiver) { members[receiver]?.load += 1 }

    mutating func settled(by receiver: Receiver) { members[receiver]?.load -= 1 }

    // MARK: Answers and notices

    /// Records that a member sends a request.
    mutating func asks(_ tag: UUID, by receiver: Receiver) { members[receiver]?.asked.insert(tag) }

    /// Returns the member that sent a request; `nil` when it has left, or sent more than 8,192 others meanwhile.
    func asker(of tag: UUID) -> Receiver? { all.first { members[$0]?.asked.contains(tag) == true } }

    mutating func add(_ response: Response, to receiver: Receiver) { members[receiver]?.responses.append(response) }

    /// Adds a notice, unless `limit` of them wait.
    mutating func add(_ notice: Notice, to receiver: Receiver, limit: Int) {
        guard let count = members[receiver]?.notices.count, count < limit else { return }
        members[receiver]?.notices.append(notice)
    }

    /// Returns the next notice or answer of a member.
    mutating func next(for receiver: Receiver) -> Message? {
        if let notice = members[receiver]?.notices.popFirst() { return .notice(notice) }
        return members[receiver]?.responses.popFirst().map { .response($0) }
    }
}
