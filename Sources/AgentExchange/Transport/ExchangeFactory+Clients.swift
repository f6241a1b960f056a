extension ExchangeFactory {
    /// Makes a user with a mailbox of its own.
    ///
    /// - Parameters:
    ///   - name: A display name.
    ///   - startListener: Whether the client receives answers. Without a listener, receive from the transport.
    ///   - configuration: The client's settings.
    public func makeUserClient(
        name: String? = nil,
        startListener: Bool = true,
        configuration: ClientConfiguration = ClientConfiguration()
    ) async throws(ExchangeError) -> UserExchangeClient {
        let transport = try await makeUserTransport(name: name)
        return UserExchangeClient(transport: transport, startListener: startListener, configuration: configuration)
    }

    /// Opens the mailbox of a registered agent and serves it.
    ///
    /// The handler may be called before this returns.
    ///
    /// - Parameters:
    ///   - registration: The agent's registration.
    ///   - mode: The behavior when another process serves the mailbox.
    ///   - requestLimit: The number of requests taken before one of them is answered; `nil` uses the exchange's own
    ///     limit.
    ///   - configuration: The client's settings.
    ///   - requestHandler: Serves one request. Called concurrently.
    /// - Throws: ``ExchangeError/Code/badEntityID`` when the agent is not registered or was terminated,
    ///   ``ExchangeError/Code/mailboxInUse`` when it is already served and `mode` is ``AttachMode/exclusive``.
    public func makeAgentClient(
        _ registration: AgentRegistration,
        mode: AttachMode = .exclusive,
        requestLimit: Int? = nil,
        configuration: ClientConfiguration = ClientConfiguration(),
        requestHandler: @escaping RequestHandler
    ) async throws(ExchangeError) -> AgentExchangeClient {
        try await makeAgentClient(
            registration,
            mode: mode,
            requestLimit: requestLimit,
            configuration: configuration,
            startsAtOnce: nil,
            requestHandler: requestHandler
        )
    }

    /// Makes an agent client whose handler starts some requests on the thread that delivers them.
    package func makeAgentClient(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?,
        configuration: ClientConfiguration,
        startsAtOnce: (@Sendable (Request) -> Bool)?,
        requestHandler: @escaping RequestHandler
    ) async throws(ExchangeError) -> AgentExchangeClient {
        let transport = try await makeAgentTransport(registration, mode: mode, requestLimit: requestLimit)
        return AgentExchangeClient(
            registration: registration,
            transport: transport,
            configuration: configuration,
            startsAtOnce: startsAtOnce,
            handler: requestHandler
        )
    }
}
