internal import AMQP
internal import AgentExchange
internal import Synchronization

/// The channels that the mailboxes of a session are received through.
///
/// A channel that the broker closes ends every consumer on it, and they are started again; so the first mailboxes have one
/// each. A connection has 2,047 channels at most, and each costs memory; so more mailboxes share. The prefetch limit and the
/// acknowledgements are each consumer's own also then.
final class MailboxChannels: Sendable {
    /// How many mailboxes have a channel of their own.
    static let ownLimit = 256
    /// How many others share one.
    static let shareLimit = 128

    private struct Shared {
        let number: Int
        /// Opened once for all that come meanwhile.
        let opening: Task<Result<Channel, AMQPError>, Never>
        var channel: Channel?
        var mailboxes: Set<EntityID>
    }

    private struct State {
        /// What everything below lives on.
        var connection: Connection?
        var own = 0
        var shared: [Shared] = []
        var lastNumber = 0
    }

    private let state = Mutex(State())

    /// Takes a place for a mailbox on a connection. It must be given back.
    func place(
        for mailbox: EntityID,
        on connection: Connection,
        deadline: Deadline
    ) async throws(AMQPError) -> MailboxChannel {
        let shared: Shared? = state.withLock { state in
            if state.connection !== connection {
                state.connection = connection
                state.own = 0
                state.shared = []
            }
            guard state.own >= Self.ownLimit else {
                state.own += 1
                return nil
            }
            return Self.join(mailbox, connection, deadline, &state)
        }
        guard let shared else {
            do {
                let channel = try await connection.openChannel(confirms: false, deadline: deadline)
                return MailboxChannel(channel, mailbox, number: nil, in: self)
            } catch {
                leave(on: connection)
                throw error
            }
        }
        do {
            let channel = try await shared.opening.value.get()
            state.withLock { state in
                guard let index = state.shared.firstIndex(where: { $0.number == shared.number }) else { return }
                state.shared[index].channel = channel
            }
            return MailboxChannel(channel, mailbox, number: shared.number, in: self)
        } catch {
            _ = leave(shared.number, mailbox)
            throw error
        }
    }

    /// A channel with room for the mailbox, a new one if there is none. One that stands by for a mailbox of the same session
    /// needs another channel.
    private static func join(
        _ mailbox: EntityID,
        _ connection: Connection,
        _ deadline: Deadline,
        _ state: inout State
    ) -> Shared {
        state.shared.removeAll { $0.channel.map { !$0.isOpen } ?? false }
        let index = state.shared.lastIndex { shared in
            shared.mailboxes.count < shareLimit && !shared.mailboxes.contains(mailbox)
        }
        if let index {
            state.shared[index].mailboxes.insert(mailbox)
            return state.shared[index]
        }
        state.lastNumber += 1
        let opening = Task<Result<Channel, AMQPError>, Never> {
            do throws(AMQPError) {
                return .success(try await connection.openChannel(confirms: false, deadline: deadline))
            } catch {
                return .failure(error)
            }
        }
        let shared = Shared(number: state.lastNumber, opening: opening, mailboxes: [mailbox])
        state.shared.append(shared)
        return shared
    }

    /// A mailbox needs its own channel no more.
    fileprivate func leave(on connection: Connection) {
        state.withLock { if $0.connection === connection { $0.own -= 1 } }
    }

    /// A mailbox needs its place no more. Returns whether nobody needs the channel.
    fileprivate func leave(_ number: Int, _ mailbox: EntityID) -> Bool {
        state.withLock { state in
            guard let index = state.shared.firstIndex(where: { $0.number == number }) else { return false }
            state.shared[index].mailboxes.remove(mailbox)
            guard state.shared[index].mailboxes.isEmpty else { return false }
            state.shared.remove(at: index)
            return true
        }
    }
}

/// The place of one mailbox on a channel.
final class MailboxChannel: Sendable {
    let channel: Channel
    private let mailbox: EntityID
    /// The number of a channel that is shared.
    private let number: Int?
    private let channels: MailboxChannels
    private let isLeft = Atomic(false)

    fileprivate init(_ channel: Channel, _ mailbox: EntityID, number: Int?, in channels: MailboxChannels) {
        self.channel = channel
        self.mailbox = mailbox
        self.number = number
        self.channels = channels
    }

    /// Whether other mailboxes are received through it too.
    var isShared: Bool { number != nil }

    /// Gives the place back, and closes the channel when nobody else needs it. The second call does nothing.
    func leave(deadline: Deadline) async {
        guard !isLeft.exchange(true, ordering: .relaxed) else { return }
        if let number {
            guard channels.leave(number, mailbox) else { return }
        } else {
            channels.leave(on: channel.connection)
        }
        try? await channel.close(deadline: deadline)
    }
}
