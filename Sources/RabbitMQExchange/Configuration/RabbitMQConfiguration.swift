internal import AMQP
internal import AgentExchange

/// How mailboxes, requests and connections behave on the broker. Every value has a default that suits most services.
public struct RabbitMQConfiguration: Sendable, Hashable, Codable {
    /// How agents' mailboxes are kept. All processes of a namespace should agree. Replicated.
    public var mailboxKind: MailboxKind = .replicated

    /// How many requests a mailbox hands to its owner before the first is answered, 1 to 65,535. Responses do not count.
    /// 128.
    public var prefetch: Int = 128

    /// The limit of every operation that does not have one of its own: connecting, declaring, sending. At most a day; 30 s.
    public var operationTimeout: Duration = .seconds(30)

    /// The largest payload that is sent or received, in bytes, up to 128 MiB. Checked before publishing; a larger one that
    /// arrives all the same, from a process with another limit, is refused with `messageTooLarge`, or parked without its
    /// body. 16 MiB.
    public var maximumMessageSize: Int = 16 << 20

    /// How many messages a new agent's mailbox holds before it refuses more with `mailboxFull`; `nil` has no limit.
    public var maximumMailboxLength: Int?

    /// How often a request is handed out again, after its receiver died or closed, before it is answered with `givenUp`.
    /// Attempts are counted by the broker in replicated mailboxes, by notes of the owners in single ones. 20.
    public var redeliveryLimit: Int = 20

    /// The broker's acknowledgement timeout, its setting `consumer_timeout`: how long a request may stay unanswered before
    /// the broker closes the channel of the mailbox. Holds are renewed when they are half as old, so actions may take longer.
    /// AMQP does not tell the value: say it when the broker's is lower. `nil` renews nothing. 30 min, as the broker's default.
    public var acknowledgementTimeout: Duration? = .seconds(1800)

    /// The AMQP heartbeat. A peer that is silent for twice as long is considered dead. 20 s.
    public var heartbeat: Duration = .seconds(20)

    /// How long the mailbox of a user stays on the broker when its process died without closing, 1 s or more. Asking
    /// for the user's status counts as use, and the time starts anew. At most 4,294,967 s (49 days); 1 h.
    public var userMailboxExpiry: Duration = .seconds(3600)

    /// How long the queue of a process stays when it died without closing, 1 s to 4,294,967 s. 10 min.
    public var sessionExpiry: Duration = .seconds(600)

    /// Unconfirmed messages that a process may have at a time; more wait. 2,048.
    public var publishWindowMessages: Int = 2048

    /// Unconfirmed bytes that a process may have at a time; more wait. 32 MiB.
    public var publishWindowBytes: Int = 32 << 20

    /// Whether messages carry the name of the connection's broker user as `user_id`, which the broker verifies. Switch it
    /// off where the broker calls the user by another name than the one that logs in, as with OAuth 2: it would refuse
    /// every message. True.
    public var sendsUserID: Bool = true

    /// Whether a mailbox takes requests only from the broker user who registered their sender, or from that of its own
    /// process. Others are answered with `forbidden`. So no program can pretend to be an entity of another broker user;
    /// the broker's tag `impersonator` would allow it. Every sender needs ``sendsUserID``. False.
    public var requiresUserID: Bool = false

    /// The longest delay before a lost connection is made again for the first time; it doubles with each attempt that
    /// fails. 100 ms.
    public var reconnectDelay: Duration = .milliseconds(100)

    /// The longest delay between two attempts to connect, at most a day. 10 s.
    public var maximumReconnectDelay: Duration = .seconds(10)

    /// The part of each of these delays that is random, 0 to 1, so that many processes do not connect at once. 0.5.
    public var reconnectJitter: Double = 0.5

    /// How long a program that starts goes on trying to connect while the broker can't be reached: a service that is started
    /// together with its broker, for example. `nil`, the default, tries once. A login that the broker refuses is not tried
    /// again. A connection that was made once is kept without a limit.
    public var connectPatience: Duration?

    /// How many terminated mailboxes the directory remembers. The status of an older one is `missing`. 10,000, and all of the
    /// last two minutes.
    public var tombstoneLimit: Int = 10_000

    /// How long the directory remembers terminated mailboxes, at least 2 min. 24 h.
    public var tombstoneExpiry: Duration = .seconds(86_400)

    /// How many needless records the directory has at least when a session compacts it, about 300 bytes each. 2,000.
    public var compactionThreshold: Int = 2000

    /// How long a compaction waits for records that are on their way: at least the longest ``operationTimeout`` of any
    /// process in the namespace. 60 s.
    public var compactionGrace: Duration = .seconds(60)

    /// What the connections are called on the broker's management page, before the role. All factories of a process with
    /// the same broker, namespace and name share their connections. By default the name of the process and its id.
    public var connectionName: String?

    /// The defaults.
    public init() {}
}

extension RabbitMQConfiguration {
    /// How a lost connection is made again.
    var recovery: RecoveryPolicy {
        RecoveryPolicy(firstDelay: reconnectDelay, maximumDelay: maximumReconnectDelay, jitter: reconnectJitter)
    }

    /// How long terminated mailboxes are remembered.
    var tombstones: DirectoryIndex.Bounds {
        DirectoryIndex.Bounds(count: tombstoneLimit, age: UInt64(clamping: tombstoneExpiry.components.seconds))
    }

    /// The longest time that the broker takes for a queue's expiry: 32 bits of milliseconds.
    private static let longestExpiry = Duration.milliseconds(Int64(UInt32.max))

    /// - Throws: ``ExchangeError/Code/invalidConfiguration`` when a value is out of its range; names the setting and the
    ///   range.
    func validate() throws(ExchangeError) {
        let (second, day) = (Duration.seconds(1), Duration.seconds(86_400))
        let checks: [(Bool, String)] = [
            ((1...65_535).contains(prefetch), "prefetch is 1 to 65,535"),
            (
                operationTimeout > .zero && operationTimeout <= day,
                "operationTimeout is more than zero, at most 86,400 s"
            ),
            ((1...(128 << 20)).contains(maximumMessageSize), "maximumMessageSize is 1 byte to 128 MiB"),
            (
                maximumMailboxLength.map { (1...Int(Int32.max)).contains($0) } ?? true,
                "maximumMailboxLength is 1 to 2,147,483,647"
            ),
            ((0...Int(Int32.max)).contains(redeliveryLimit), "redeliveryLimit is 0 to 2,147,483,647"),
            (
                acknowledgementTimeout.map { $0 >= second && $0 <= day * 365 } ?? true,
                "acknowledgementTimeout is 1 s to 31,536,000 s"
            ),
            (heartbeat >= second && heartbeat <= .seconds(65_535), "heartbeat is 1 s to 65,535 s"),
            (isExpiry(userMailboxExpiry), "userMailboxExpiry is 1 s to 4,294,967 s"),
            (isExpiry(sessionExpiry), "sessionExpiry is 1 s to 4,294,967 s"),
            ((0...Int(Int32.max)).contains(tombstoneLimit), "tombstoneLimit is 0 to 2,147,483,647"),
            (
                tombstoneExpiry >= .seconds(120) && tombstoneExpiry <= day * 365,
                "tombstoneExpiry is 120 s to 31,536,000 s"
            ),
            ((1...Int(Int32.max)).contains(compactionThreshold), "compactionThreshold is 1 to 2,147,483,647"),
            (compactionGrace > .zero && compactionGrace <= day, "compactionGrace is more than zero, at most 86,400 s"),
            (
                connectPatience.map { $0 >= .zero && $0 <= day * 365 } ?? true,
                "connectPatience is 0 s to 31,536,000 s"
            ),
            (
                recovery.isValid && maximumReconnectDelay <= day,
                "reconnectDelay is above zero and at most maximumReconnectDelay, which is at most 86,400 s; "
                    + "reconnectJitter is 0 to 1"
            ),
            (
                publishWindowMessages > 0 && publishWindowBytes > 0,
                "publishWindowMessages and publishWindowBytes are at least 1"
            ),
            (
                connectionName.map { $0.utf8.count <= 1024 && !$0.utf8.contains(0) } ?? true,
                "connectionName has at most 1,024 bytes, none of them NUL"
            ),
        ]
        for (holds, text) in checks where !holds { throw ExchangeError(.invalidConfiguration, text) }
    }

    private func isExpiry(_ duration: Duration) -> Bool {
        duration >= .seconds(1) && duration <= Self.longestExpiry
    }
}
