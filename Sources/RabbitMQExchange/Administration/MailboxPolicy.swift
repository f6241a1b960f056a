/// The policy that makes mailboxes dead-letter at least once if their arguments do not.
package struct MailboxPolicy: Sendable {
    package let namespace: String

    package init(namespace: String) {
        self.namespace = namespace
    }

    package var name: String { "warren.\(namespace).mailboxes" }

    package var pattern: String { "^warren\\.\(namespace)\\.agent\\." }

    package var definition: [String: String] {
        ["dead-letter-strategy": "at-least-once", "overflow": "reject-publish"]
    }

    /// Returns the command that sets it on the broker's own machine.
    package func command(virtualHost: String) -> String {
        let fields = definition.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
        return "rabbitmqctl set_policy -p '\(virtualHost)' --apply-to queues \(name) '\(pattern)' "
            + "'{\(fields.joined(separator: ","))}'"
    }
}
