/// A metric of `warren exporter`. The raw value is its name.
enum Metric: String, CaseIterable, Sendable {
    case up = "warren_up"
    case sourceUp = "warren_source_up"
    case scrapeFailures = "warren_scrape_failures_total"
    case scrapeDuration = "warren_scrape_duration_seconds"
    case scrapePages = "warren_scrape_management_pages"
    case directoryEntries = "warren_directory_entries"
    case directoryLag = "warren_directory_lag_seconds"
    case terminationsRemembered = "warren_directory_terminations_remembered"
    case terminationsUnfinished = "warren_directory_terminations_unfinished"
    case mailboxInfo = "warren_mailbox_info"
    case waiting = "warren_mailbox_messages_waiting"
    case inWork = "warren_mailbox_messages_in_work"
    case oldest = "warren_mailbox_oldest_message_age_seconds"
    case consumers = "warren_mailbox_consumers"
    case received = "warren_mailbox_messages_received_total"
    case settled = "warren_mailbox_messages_settled_total"
    case mailboxesLeftOut = "warren_mailboxes_left_out"
    case mailboxesWithoutQueue = "warren_mailboxes_without_queue"
    case mailboxesUnregistered = "warren_mailboxes_unregistered"
    case userMessagesWaiting = "warren_user_messages_waiting"
    case sessions = "warren_sessions"
    case deadLettersWaiting = "warren_dead_letters_waiting"
    case deadLettersConsumers = "warren_dead_letters_consumers"
    case parked = "warren_parked_messages"

    /// The kind of a metric, as Prometheus calls it.
    enum Kind: String, Sendable {
        /// A number that rises and falls.
        case gauge
        /// A number that only rises, until it begins anew.
        case counter
    }

    var kind: Kind {
        switch self {
        case .scrapeFailures, .received, .settled: .counter
        default: .gauge
        }
    }

    /// The explanation in the output.
    var help: String {
        switch self {
        case .up: "1 when directory and management plugin were read for this scrape, else 0."
        case .sourceUp: "1 when this source was read for this scrape, else 0."
        case .scrapeFailures: "Reads of this source that failed since the exporter started."
        case .scrapeDuration: "How long reading the broker took."
        case .scrapePages: "Requests for the list of queues."
        case .directoryEntries: "Registered agents or users."
        case .directoryLag: "How long the directory took to show a record that was just written."
        case .terminationsRemembered: "Terminated mailboxes that the directory still names."
        case .terminationsUnfinished: "Terminations that are not known to be complete."
        case .mailboxInfo: "1 for each agent's mailbox, with OpenTelemetry's names of its queue."
        case .waiting: "Messages that were not handed to a process."
        case .inWork: "Messages that were handed to a process and are not acknowledged."
        case .oldest: "Age of the oldest unacknowledged message; only where the broker tells it."
        case .consumers: "Processes that receive from the mailbox, including standbys."
        case .received: "Messages that came to the mailbox."
        case .settled: "Messages of the mailbox that were acknowledged."
        case .mailboxesLeftOut: "Mailboxes beyond the limit, counted together under the name (others)."
        case .mailboxesWithoutQueue: "Registered agents whose mailbox has no queue."
        case .mailboxesUnregistered: "Queues of agents that are not registered."
        case .userMessagesWaiting: "Messages that wait in the mailboxes of users."
        case .sessions: "Processes that receive answers."
        case .deadLettersWaiting: "Dead letters that wait for their answer."
        case .deadLettersConsumers: "Processes that answer dead letters."
        case .parked: "Messages that could not be delivered or answered."
        }
    }
}
