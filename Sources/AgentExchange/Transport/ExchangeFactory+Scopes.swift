/// Clients that live as long as a function runs.
extension ExchangeFactory {
    /// Runs a function with a user, and closes the user's client afterwards: also when the function throws, or its task is
    /// cancelled.
    ///
    /// ```swift
    /// let time = try await exchange.withUserClient { user in
    ///     try await user.handle(to: agent).ping()
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - name: A display name.
    ///   - configuration: How the client behaves.
    ///   - body: Uses the client. Handles of it fail with ``ExchangeError/Code/closed`` afterwards.
    /// - Returns: The function's result.
    /// - Throws: The function's error, or an error of ``makeUserClient(name:startListener:configuration:)``.
    public func withUserClient<Result>(
        name: String? = nil,
        configuration: ClientConfiguration = ClientConfiguration(),
        isolation: isolated (any Actor)? = #isolation,
        _ body: (UserExchangeClient) async throws -> Result
    ) async throws -> Result {
        try await makeUserClient(name: name, configuration: configuration).closing(after: body)
    }

    /// Runs a function while an agent is served, and closes the agent's client afterwards: also when the function throws, or
    /// its task is cancelled. The mailbox stays.
    ///
    /// ```swift
    /// try await exchange.withAgentClient(registration, requestHandler: serve) { agent in
    ///     _ = await agent.waitUntilStopped()
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - registration: The agent's registration.
    ///   - mode: The behavior when another process serves the mailbox.
    ///   - requestLimit: How many requests are taken before one of them is answered; `nil` is the exchange's own limit.
    ///   - configuration: How the client behaves.
    ///   - requestHandler: Serves one request; several at a time.
    ///   - body: Runs while the agent is served.
    /// - Returns: The function's result.
    /// - Throws: The function's error, or an error of
    ///   ``makeAgentClient(_:mode:requestLimit:configuration:requestHandler:)``.
    public func withAgentClient<Result>(
        _ registration: AgentRegistration,
        mode: AttachMode = .exclusive,
        requestLimit: Int? = nil,
        configuration: ClientConfiguration = ClientConfiguration(),
        isolation: isolated (any Actor)? = #isolation,
        requestHandler: @escaping RequestHandler,
        _ body: (AgentExchangeClient) async throws -> Result
    ) async throws -> Result {
        try await makeAgentClient(
            registration,
            mode: mode,
            requestLimit: requestLimit,
            configuration: configuration,
            requestHandler: requestHandler
        ).closing(after: body)
    }
}

extension ExchangeClient {
    /// Closes the client after a function has used it, also when that throws.
    fileprivate func closing<Result>(
        isolation: isolated (any Actor)? = #isolation,
        after body: (Self) async throws -> Result
    ) async throws -> Result {
        let result: Result
        do {
            result = try await body(self)
        } catch {
            await closeUncancelled()
            throw error
        }
        await closeUncancelled()
        return result
    }

    /// Closes the client in a task of its own, which is not cancelled with the caller's.
    fileprivate func closeUncancelled() async {
        await Task { await close() }.value
    }
}
