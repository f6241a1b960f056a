internal import Logging

/// The client of a user: sends requests to agents and serves none.
///
/// A request that is sent to the user is answered with ``ExchangeError/Code/notAnAgent``. Closing terminates the user's
/// mailbox.
///
/// Close it, or use ``ExchangeFactory/withUserClient(name:configuration:isolation:_:)``. One that is dropped instead is closed
/// when its handles and its calls are gone too, and that is logged as a warning.
public final class UserExchangeClient: ExchangeClient {
    let core: ClientCore
    private let listener: Task<Void, Never>?

    /// The user.
    public var id: EntityID { core.id }

    /// The transport that the client uses.
    public var transport: any ExchangeTransport { core.transport }

    /// The client's settings.
    public var configuration: ClientConfiguration { core.configuration }

    /// Wraps the transport of a user's mailbox; see ``ExchangeFactory/makeUserClient(name:startListener:configuration:)``.
    init(transport: any ExchangeTransport, startListener: Bool, configuration: ClientConfiguration) {
        let core = ClientCore(transport: transport, configuration: configuration)
        self.core = core
        // Holds nothing of the client, so that one which is dropped is noticed.
        listener =
            startListener
            ? Task { [weak core] in
                await ClientCore.listen(to: transport, as: { [weak core] in core }) { [weak core] in
                    if let core { Self.refuse($0, core) }
                }
            } : nil
    }

    /// Wraps the transport of a user that the exchange did not register.
    package convenience init(visiting transport: any ExchangeTransport, configuration: ClientConfiguration) {
        self.init(transport: transport, startListener: true, configuration: configuration)
    }

    /// A handle to an agent.
    ///
    /// Answers arrive only while the listener runs.
    public func handle(to agent: AgentID) -> RemoteHandle {
        RemoteHandle(agentID: agent, core: core)
    }

    /// Runs an action on every registered agent of a type and collects the answers.
    public func askAll(
        _ name: String,
        _ arguments: ActionArguments = .none,
        ofType type: AgentType,
        allowSubtypes: Bool = true,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> BroadcastAnswers {
        try await core.ask(
            .action(name: name, arguments: arguments),
            typeName: type.name,
            allowSubtypes: allowSubtypes,
            deadline: deadline
        )
    }

    /// Terminates the user's mailbox and closes the transport. Closing twice is harmless.
    ///
    /// If the exchange can't be reached, the mailbox stays until the exchange removes it; this is logged.
    public func close() async {
        await core.close()
        await ClientCore.release(id, transport, configuration.logger)
        listener?.cancel()
        await listener?.value
    }

    /// Refuses a message that is no answer.
    private static func refuse(_ message: Message, _ core: ClientCore) {
        switch message {
        case .response: break
        case .notice(let notice):
            core.configuration.logger.debug("a notice was sent to a user", metadata: .init(.notice(notice)))
        case .request(let request):
            let refusal = request.refusal ?? request.error(.notAnAgent, "a user serves no requests")
            core.answer(refusal, to: request)
            core.configuration.logger.warning("a request was sent to a user", metadata: .init(.request(request)))
        }
    }
}
