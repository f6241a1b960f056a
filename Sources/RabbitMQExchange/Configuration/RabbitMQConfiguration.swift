internal import AMQP
internal import AgentExchange

/// The settings of mailboxes, requests and connections on the broker. The defaults suit most services.
public struct RabbitMQConfiguration: Sendable, Hashable, Codable {
    /// The kind of agents' mailboxes. All processes of a namespace should agree. The default is replicated.
    public var mailboxKind: MailboxKind = .replicated

    /// The number of requests that a mailbox hands to its owner before the first is answered, 1 to 65,535. Responses do
    /// not count. The default is 128.
    public var prefetch: Int = 128

    /// The timeout of operations without their own: connecting, declaring, sending. At most a day; the default is 30 s.
    public var operationTimeout: Duration = .seconds(30)

    /// The largest payload to send or receive, in bytes, up to 128 MiB. Checked before publishing. A larger one that
    /// arrives anyway, from a process with another limit, is answered with `messageTooLarge`, or parked without its
    /// body. The default is 16 MiB.
    public var maximumMessageSize: Int = 16 << 20

    /// The number of messages that a new agent's mailbox holds before it answers `mailboxFull`; `nil` sets no limit.
    public var maximumMailboxLength: Int?

    /// The number of redeliveries of a request, after its receiver died or closed, before it is answered with
    /// `givenUp`. The broker counts attempts in replicated mailboxes, notes of the owners count them in single ones.
    /// The default is 20.
    public var redeliveryLimit: Int = 20

    /// The broker's acknowledgement timeout, its setting `consumer_timeout`: how long a request may stay unanswered
    /// before the broker closes the mailbox's channel. Held requests are renewed after half of that time, so actions
    /// may take longer. AMQP does not report the value: set it when the broker's is lower. `nil` renews nothing. The
    /// default is 30 min, as on the broker.
    public var acknowledgementTimeout: Duration? = .seconds(1800)

    /// The AMQP heartbeat. A peer that is silent for twice as long counts as dead. The default is 20 s.
    public var heartbeat: Duration = .seconds(20)

    /// How long a user's mailbox stays on the broker after its process died without closing, 1 s to 4,294,967 s (49
    /// days). Reading the user's status counts as use and restarts the time. The default is 1 h.
    public var userMailboxExpiry: Duration = .seconds(3600)

    /// How long a process's queue stays after it died without closing, 1 s to 4,294,967 s. The default is 10 min.
    public var sessionExpiry: Duration = .seconds(600)

    /// The maximum number of unconfirmed messages of a process; further ones wait. The default is 2,048.
    public var publishWindowMessages: Int = 2048

    /// The maximum number of unconfirmed bytes of a process; further messages wait. The default is 32 MiB.
    public var publishWindowBytes: Int = 32 << 20

    /// The maximum number of bytes of unanswered requests of a process, at least 1; further requests wait on the broker, in
    /// order. Each of those is transferred twice: it is received, given back, and received again when there is room. In
    /// replicated mailboxes on RabbitMQ before 4.3 that takes one of ``redeliveryLimit``, and a request that has none left
    /// is received at once. Each mailbox receives at least one request at a time, and small requests beyond the limit, a
    /// sixteenth of it at most. Responses do not count. The default is 64 MiB.
    public var receiveWindowBytes: Int {
        get { receiveWindow ?? Self.defaultReceiveWindow }
        set { receiveWindow = newValue == Self.defaultReceiveWindow ? nil : newValue }
    }

    /// The value of ``receiveWindowBytes`` unless it is the default: older processes decode a configuration without it.
    private var receiveWindow: Int?
    private static let defaultReceiveWindow = 64 << 20

    /// Whether messages carry the connection's broker user as `user_id`, which the broker verifies. Disable it where
    /// the broker uses another name for the user than the login name, as with OAuth 2: the broker would then refuse
    /// every message. The default is `true`.
    public var sendsUserID: Bool = true

    /// Whether a mailbox takes requests only from the broker user that their source belongs to, or from its own
    /// process's broker user. Others are answered with `forbidden`. The UUID of a source shows its broker user; for one
    /// made by an older session, the directory does. No program can then pretend to be an entity of another broker user,
    /// unless its user has the broker tag `impersonator`. Every sender needs ``sendsUserID``. The default is `false`.
    public var requiresUserID: Bool = false

    /// The longest delay before the first attempt to restore a lost connection. It doubles with each failed attempt.
    /// The default is 100 ms.
    public var reconnectDelay: Duration = .milliseconds(100)

    /// The longest delay between two attempts to connect, at most a day. The default is 10 s.
    public var maximumReconnectDelay: Duration = .seconds(10)

    /// The random part of each of these delays, 0 to 1, which spreads the attempts of many processes. The default is
    /// 0.5.
    public var reconnectJitter: Double = 0.5

    /// How long a starting program retries while the broker can't be reached or still recovers its queues, for example a
    /// service that starts together with its broker. `nil`, the default, tries once. A refused login is not retried. A connection that was
    /// once made is restored without a limit.
    public var connectPatience: Duration?

    /// The number of terminated mailboxes that the directory remembers. The status of an older one is `missing`. The
    /// default is 10,000, plus all of the last two minutes.
    public var tombstoneLimit: Int = 10_000

    /// How long the directory remembers terminated mailboxes, at least 2 min. The default is 24 h.
    public var tombstoneExpiry: Duration = .seconds(86_400)

    /// The number of obsolete directory records at which a session compacts it, about 300 bytes each. The default is
    /// 2,000.
    public var compactionThreshold: Int = 2000

    /// How long a compaction waits for records on their way, and the longest wait for the confirm of a directory record,
    /// even where ``operationTimeout`` is longer. All processes of a namespace should agree. The default is 60 s.
    public var compactionGrace: Duration = .seconds(60)

    /// The name of the connections on the broker's management page, before the role. All factories of a process with
    /// the same broker, namespace and name share their connections. The default is the process's name and identifier.
    public var connectionName: String?

    /// Whether the connections without TLS share one thread of the process, ``RabbitMQExchange/taskExecutor``, in place of one
    /// thread each. Tasks that call agents, and agents with that `ClientConfiguration.taskExecutor`, then wake no other thread.
    /// The default is `false`: sharing alone changes nothing, and tasks on one thread use one processor.
    public var sharesThread: Bool {
        get { isThreadShared ?? false }
        set { isThreadShared = newValue ? true : nil }
    }

    /// `nil` for the default: older processes decode a configuration without it.
    private var isThreadShared: Bool?

    /// Makes a configuration with the defaults.
    public init() {}
}

extension RabbitMQConfiguration {
    /// The policy for restoring a lost connection.
    var recovery: RecoveryPolicy {
        RecoveryPolicy(firstDelay: reconnectDelay, maximumDelay: maximumReconnectDelay, jitter: reconnectJitter)
    }

    /// The limits of remembered terminated mailboxes.
    var tombstones: DirectoryIndex.Bounds {
        DirectoryIndex.Bounds(count: tombstoneLimit, age: UInt64(clamping: tombstoneExpiry.components.seconds))
    }

    /// The longest queue expiry that the broker accepts: 32 bits of milliseconds.
    private static let longestExpiry = Duration.milliseconds(Int64(UInt32.max))

    /// - Throws: ``ExchangeError/Code/invalidConfiguration`` when a value is out of range, with the setting and its
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
            (receiveWindowBytes > 0, "receiveWindowBytes is at least 1"),
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
