/// Exchanges, queues and bindings.
///
/// Each call throws `timedOut` (the broker may still act on it), `cancelled`, `nameTooLong`, `frameTooLarge` before
/// anything is sent, and the error of the channel or connection when that ends meanwhile. When the broker refuses, it
/// closes the channel and the call throws its reason: `notFound`, `accessRefused`, `resourceLocked`,
/// `preconditionFailed`.
extension Channel {
    /// Declares an exchange. An equal existing one is accepted; another kind or other arguments give
    /// `preconditionFailed`.
    public func declareExchange(_ exchange: ExchangeDeclaration, deadline: Deadline) async throws(AMQPError) {
        _ = try await request(.exchangeDeclare(exchange), .exchangeDeclare, deadline)
    }

    /// Deletes an exchange. A missing one is ignored.
    ///
    /// - Parameter ifUnused: Whether to refuse (`preconditionFailed`) when something is bound to it.
    public func deleteExchange(_ name: String, ifUnused: Bool = false, deadline: Deadline) async throws(AMQPError) {
        _ = try await request(.exchangeDelete(name: name, ifUnused: ifUnused), .exchangeDelete, deadline)
    }

    /// Declares a queue. An equal existing one is accepted.
    ///
    /// - Returns: Its name and its number of messages and consumers.
    /// - Throws: `notFound` for a passive declaration of a missing queue, and also for a classic queue whose node is
    ///   down; `resourceLocked` for a queue that is exclusive to another connection.
    @discardableResult
    public func declareQueue(_ queue: QueueDeclaration, deadline: Deadline) async throws(AMQPError) -> QueueStatus {
        guard case .queue(let status) = try await request(.queueDeclare(queue), .queueDeclare, deadline) else {
            throw .unexpectedReply
        }
        return status
    }

    /// Deletes a queue and its messages. A missing queue is ignored. Nothing is dead-lettered.
    ///
    /// `ifUnused` and `ifEmpty` on a quorum queue make RabbitMQ close the **connection** (540).
    ///
    /// - Returns: The number of its ready messages; unacknowledged ones are not counted.
    @discardableResult
    public func deleteQueue(
        _ name: String,
        ifUnused: Bool = false,
        ifEmpty: Bool = false,
        deadline: Deadline
    ) async throws(AMQPError) -> Int {
        let method = OutgoingMethod.queueDelete(name: name, ifUnused: ifUnused, ifEmpty: ifEmpty)
        guard case .count(let count) = try await request(method, .queueDelete, deadline) else { throw .unexpectedReply }
        return count
    }

    /// Removes all ready messages of a queue. Nothing is dead-lettered.
    ///
    /// - Returns: The number of removed messages.
    @discardableResult
    public func purgeQueue(_ name: String, deadline: Deadline) async throws(AMQPError) -> Int {
        guard case .count(let count) = try await request(.queuePurge(name: name), .queuePurge, deadline) else {
            throw .unexpectedReply
        }
        return count
    }

    /// Binds a queue or an exchange to an exchange: it gets the messages of `source` with a matching routing key. An equal
    /// existing binding is accepted; bindings with other arguments are others.
    public func bind(
        _ destination: BindingDestination,
        to source: String,
        routingKey: String,
        arguments: FieldTable = [:],
        deadline: Deadline
    ) async throws(AMQPError) {
        let binding = Binding(destination, source: source, routingKey: routingKey, arguments: arguments)
        _ = try await request(.bind(binding), destination.isQueue ? .queueBind : .exchangeBind, deadline)
    }

    /// Removes a binding. A missing one is ignored.
    public func unbind(
        _ destination: BindingDestination,
        from source: String,
        routingKey: String,
        arguments: FieldTable = [:],
        deadline: Deadline
    ) async throws(AMQPError) {
        let binding = Binding(destination, source: source, routingKey: routingKey, arguments: arguments)
        _ = try await request(.unbind(binding), destination.isQueue ? .queueUnbind : .exchangeUnbind, deadline)
    }
}
