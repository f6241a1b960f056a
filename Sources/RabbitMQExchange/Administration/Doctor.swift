internal import AMQP
internal import AgentExchange
internal import Foundation

extension RabbitMQExchange {
    /// Connects, checks everything that a session needs, and reports the results and how to fix faults.
    ///
    /// The test queue, which would expire after a minute, is deleted again.
    ///
    /// - Parameters:
    ///   - management: The facts of the management plugin, or the error of the request; `nil` when it was not asked.
    ///   - report: Called with each finding as it is found.
    /// - Returns: All findings in order. If no connection can be made, the last one has the reason.
    public func diagnose(
        management: Result<ManagementFacts, any Error>? = nil,
        report: @Sendable (Finding) -> Void = { _ in }
    ) async -> [Finding] {
        var findings: [Finding] = []
        func tell(_ finding: Finding) {
            findings.append(finding)
            report(finding)
        }
        let link: BrokerLink
        do throws(ExchangeError) {
            link = try await openLink()
        } catch {
            for finding in ConnectionDiagnosis(address).findings(of: error) { tell(finding) }
            return findings
        }
        for finding in ConnectionDiagnosis(address).findings() { tell(finding) }
        let administration = ExchangeAdministration(session: Session(link: link, isPatient: true), exchange: self)
        let examination = Examination(administration: administration, facts: try? management?.get())
        tell(examination.broker())
        if let management { tell(examination.management(management)) }
        tell(await examination.permissions())
        let topology = await examination.topology()
        tell(topology)
        tell(await examination.alarms())
        tell(examination.acknowledgementTimeout())
        do throws(ExchangeError) {
            if topology.level != .fail, try await administration.isProvisioned() {
                tell(await examination.directory())
                tell(await examination.mailboxes())
                tell(await examination.deadLetters())
            }
        } catch {
            tell(examination.failure(.directory, error))
        }
        await administration.close()
        return findings
    }
}

/// The findings about opening a connection.
struct ConnectionDiagnosis {
    private let address: BrokerAddress

    init(_ address: BrokerAddress) {
        self.address = address
    }

    /// Returns the findings of a successful connection.
    func findings() -> [Finding] {
        [Finding(.address, .ok, "\(address.plainURL) answers"), tls(), login()]
    }

    /// Returns the findings of a failed connection: the steps that worked, and the reason of the failure.
    func findings(of error: ExchangeError) -> [Finding] {
        let cause = error.underlying as? AMQPError
        let text = cause?.message ?? error.message
        let reached = Finding(.address, .ok, "\(address.plainURL) answers")
        switch cause?.code {
        case .unresolvableHost?:
            return [
                Finding(
                    .address,
                    .fail,
                    text,
                    recoverySuggestion: "check the host name in the URL, and the name server"
                )
            ]
        case .connectionRefused?:
            let other = address.encryption == .none ? "; a port with TLS needs amqps://" : ""
            let recoverySuggestion = "start the broker, or check host and port (5672, with TLS 5671)\(other)"
            return [Finding(.address, .fail, text, recoverySuggestion: recoverySuggestion)]
        case .connectTimedOut?:
            let recoverySuggestion =
                "check host, port and firewall; a port with TLS needs amqps://, one without amqp://"
            return [Finding(.address, .fail, text, recoverySuggestion: recoverySuggestion)]
        case .tlsFailed?:
            guard let recoverySuggestion = cause?.recoverySuggestion else {
                return [reached, Finding(.tls, .fail, text, recoverySuggestion: Self.recoverySuggestionForTLS)]
            }
            return [
                reached,
                Finding(
                    .tls,
                    .fail,
                    text.replacing(": \(recoverySuggestion)", with: ""),
                    recoverySuggestion: recoverySuggestion
                ),
            ]
        case .authenticationFailed?:
            let recoverySuggestion =
                "check user and password (percent-encoded in the URL); guest may only log in locally"
            return [reached, tls(), Finding(.login, .fail, text, recoverySuggestion: recoverySuggestion)]
        case .virtualHostNotFound?:
            let recoverySuggestion = "rabbitmqctl add_vhost \(address.virtualHost), and give the user permissions there"
            return [reached, tls(), Finding(.login, .fail, text, recoverySuggestion: recoverySuggestion)]
        case .accessRefused?:
            let host = address.virtualHost
            let recoverySuggestion =
                "rabbitmqctl set_permissions -p '\(host)' USER …; see warren topology --format permissions"
            return [reached, tls(), Finding(.login, .fail, text, recoverySuggestion: recoverySuggestion)]
        case _? where cause?.isLimit == true:
            let recoverySuggestion =
                "close other connections or raise the limit: rabbitmqctl list_vhost_limits, list_user_limits"
            return [reached, tls(), Finding(.login, .fail, text, recoverySuggestion: recoverySuggestion)]
        case .protocolMismatch?, .connectionLost?, .connectionClosed?:
            let recoverySuggestion = "check that this is the AMQP port, and whether it wants TLS (amqps://)"
            return [Finding(.address, .fail, text, recoverySuggestion: recoverySuggestion)]
        default:
            let recoverySuggestion = error.code == .unauthorized ? "give the user a password in WARREN_BROKER" : nil
            return [
                Finding(
                    error.code == .unauthorized ? .login : .address,
                    .fail,
                    text,
                    recoverySuggestion: recoverySuggestion
                )
            ]
        }
    }

    private static let recoverySuggestionForTLS =
        "check that this port speaks TLS (5671); one without it needs amqp:// (5672)"

    private func tls() -> Finding {
        switch address.encryption {
        case .verified: return Finding(.tls, .ok, "encrypted, certificate and host name are checked")
        case .unverified:
            let recoverySuggestion = "leave out verify=verify_none, and name the authority with ?cacertfile=FILE"
            return Finding(
                .tls,
                .warn,
                "encrypted, but the broker's certificate is not checked",
                recoverySuggestion: recoverySuggestion
            )
        case .none where address.isLoopback: return Finding(.tls, .ok, "not encrypted, on this machine only")
        case .none:
            let recoverySuggestion = "use amqps:// (port 5671)"
            return Finding(
                .tls,
                .warn,
                "not encrypted: anyone on the network can read the password",
                recoverySuggestion: recoverySuggestion
            )
        }
    }

    private func login() -> Finding {
        let user = address.user.map { "user \($0)" } ?? "by client certificate"
        let text = "\(user), virtual host \(address.virtualHost)"
        guard address.user == "guest", !address.isLoopback else { return Finding(.login, .ok, text) }
        let recoverySuggestion = "make a user of its own; see warren topology --format permissions"
        return Finding(
            .login,
            .warn,
            "\(text): the password of guest is public",
            recoverySuggestion: recoverySuggestion
        )
    }
}
