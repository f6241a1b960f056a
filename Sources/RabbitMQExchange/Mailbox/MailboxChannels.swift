internal import AMQP
internal import AgentExchange
internal import Synchronization

/// The channels on which the mailboxes of a session receive.
///
/// If the broker closes a channel, every consumer on it ends and is started again, so the first mailboxes have a
/// channel each. A connection has at most 2,047 channels, and each costs memory, so further mailboxes share channels.
/// Prefetch and acknowledgements are still separate for each consumer.
final class MailboxChannels: Sendable {
    /// The number of mailboxes with a channel of their own.
    static let ownLimit = 256
    /// The number of further mailboxes that share a channel.
    static let shareLimit = 128

    private struct Shared {
        let number: Int
        /// Opened once for all mailboxes that arrive meanwhile.
        let opening: Task<Result<Channel, AMQPError>, Never>
        var channel: Channel?
        var mailboxes: Set<EntityID>
    }

    private struct State {
        /// The connection of the channels below.
        var connection: Connection?
        var own = 0
        var shared: [Shared] = []
        var lastNumber = 0
    }

    private let state = Mutex(State())

    /// Returns a place for a mailbox on a connection. It must be given back.
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

    /// Returns a channel with room for the mailbox, or a new one. A standby for a mailbox of the same session needs
    /// another channel.
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

    /// Gives back a channel of a mailbox's own.
    fileprivate func leave(on connection: Connection) {
        state.withLock { if $0.connection === connection { $0.own -= 1 } }
    }

    /// Gives back a place on a shared channel. Returns whether the channel is now unused.
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
    /// The number of a shared channel.
    private let number: Int?
    private let channels: MailboxChannels
    private let isLeft = Atomic(false)

    fileprivate init(_ channel: Channel, _ mailbox: EntityID, number: Int?, in channels: MailboxChannels) {
        self.channel = channel
        self.mailbox = mailbox
        self.number = number
        self.channels = channels
    }

    /// Whether other mailboxes share the channel.
    var isShared: Bool { number != nil }

    /// Gives the place back, and closes an unused channel. A second call does nothing.
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
