import AgentExchange
import Foundation

extension NamespaceReading {
    /// The name under which mailboxes beyond the limit are counted together.
    static let others = "(others)"

    /// Returns the metrics.
    ///
    /// - Parameters:
    ///   - namespace: A label of all of them.
    ///   - limit: The number of mailboxes with metrics of their own: those with the most messages. The others are one.
    ///   - failures: The number of failed reads of each source.
    func samples(
        namespace: String,
        limit: Int,
        failures counts: [Source: Int] = [:],
        now: Date = .now
    ) -> [MetricSample] {
        var samples = [
            MetricSample(.up, failures.isEmpty ? 1 : 0, ["namespace": namespace]),
            MetricSample(.scrapeDuration, duration / .seconds(1), ["namespace": namespace]),
            MetricSample(.scrapePages, pages, ["namespace": namespace]),
        ]
        for source in Source.allCases {
            let labels: KeyValuePairs = ["namespace": namespace, "source": source.rawValue]
            samples.append(MetricSample(.sourceUp, failures[source] == nil ? 1 : 0, labels))
            samples.append(MetricSample(.scrapeFailures, counts[source] ?? 0, labels))
        }
        if let directoryLag {
            samples.append(MetricSample(.directoryLag, directoryLag / .seconds(1), ["namespace": namespace]))
        }
        if let snapshot {
            samples += snapshot.directorySamples(namespace)
            if snapshot.hasFigures { samples += snapshot.queueSamples(namespace) }
            samples += snapshot.mailboxSamples(namespace, limit: limit, now: now)
        }
        return samples
    }
}

extension NamespaceSnapshot {
    fileprivate func directorySamples(_ namespace: String) -> [MetricSample] {
        [
            MetricSample(.directoryEntries, agents.count, ["namespace": namespace, "role": "agent"]),
            MetricSample(.directoryEntries, users, ["namespace": namespace, "role": "user"]),
            MetricSample(.terminationsRemembered, rememberedTerminations, ["namespace": namespace]),
            MetricSample(.terminationsUnfinished, unfinishedTerminations, ["namespace": namespace]),
        ]
    }

    fileprivate func queueSamples(_ namespace: String) -> [MetricSample] {
        [
            MetricSample(.mailboxesWithoutQueue, withoutQueue, ["namespace": namespace]),
            MetricSample(.mailboxesUnregistered, unregistered, ["namespace": namespace]),
            MetricSample(.userMessagesWaiting, userMessagesWaiting, ["namespace": namespace]),
            MetricSample(.sessions, sessions, ["namespace": namespace]),
            MetricSample(.deadLettersWaiting, deadLetters?.waiting ?? 0, ["namespace": namespace]),
            MetricSample(.deadLettersConsumers, deadLetters?.consumers ?? 0, ["namespace": namespace]),
            MetricSample(.parked, parked?.waiting ?? 0, ["namespace": namespace]),
        ]
    }

    fileprivate func mailboxSamples(_ namespace: String, limit: Int, now: Date) -> [MetricSample] {
        var shown = agents
        var others: ArraySlice<Mailbox> = []
        if agents.count > limit {
            let sorted = agents.sorted { $0.messages > $1.messages }
            shown = Array(sorted.prefix(max(0, limit)))
            others = sorted.dropFirst(max(0, limit))
        }
        var samples = [MetricSample(.mailboxesLeftOut, others.count, ["namespace": namespace])]
        for mailbox in shown {
            let id = mailbox.id.lowercased
            let info: KeyValuePairs = [
                "namespace": namespace, "id": id, "name": mailbox.name, "type": mailbox.type,
                "messaging_system": "rabbitmq", "messaging_destination_name": mailbox.queue,
            ]
            samples.append(MetricSample(.mailboxInfo, 1, info))
            let labels: KeyValuePairs = [
                "namespace": namespace, "id": id, "name": mailbox.name, "type": mailbox.type,
            ]
            if let figures = mailbox.figures { samples += figures.samples(labels, now: now) }
        }
        guard !others.isEmpty, hasFigures else { return samples }
        let labels: KeyValuePairs = [
            "namespace": namespace, "id": "", "name": NamespaceReading.others, "type": NamespaceReading.others,
        ]
        return samples + QueueFigures(sumOf: others.compactMap(\.figures)).samples(labels, now: now)
    }
}

extension NamespaceSnapshot.Mailbox {
    fileprivate var messages: Int { (figures?.waiting ?? 0) + (figures?.inWork ?? 0) }
}

extension QueueFigures {
    /// Makes the sum of queues. The oldest message is that of all of them.
    fileprivate init(sumOf queues: [QueueFigures]) {
        func sum(_ field: KeyPath<QueueFigures, Int?>) -> Int? {
            let values = queues.compactMap { $0[keyPath: field] }
            return values.isEmpty ? nil : values.reduce(0) { $0.addingReportingOverflow($1).partialValue }
        }
        self.init(
            name: NamespaceReading.others,
            waiting: sum(\.waiting),
            inWork: sum(\.inWork),
            consumers: sum(\.consumers),
            oldest: queues.compactMap(\.oldest).min(),
            received: sum(\.received),
            settled: sum(\.settled)
        )
    }

    fileprivate func samples(_ labels: KeyValuePairs<String, String>, now: Date) -> [MetricSample] {
        let values: [(Metric, Double?)] = [
            (.waiting, waiting.map(Double.init)), (.inWork, inWork.map(Double.init)),
            (.consumers, consumers.map(Double.init)), (.oldest, oldestSeconds(at: now)),
            (.received, received.map(Double.init)), (.settled, settled.map(Double.init)),
        ]
        return values.compactMap { metric, value in value.map { MetricSample(metric, $0, labels) } }
    }
}
