public import AgentExchange
public import Foundation
public import Logging

/// An exchange within one process: no broker, no sockets, and no state that outlives the process.
///
/// It keeps every guarantee of `ExchangeTransport`, as far as one process can. An accepted request gets exactly one
/// answer, a closing transport gives its unanswered requests back, and termination answers pending requests. Use it to
/// develop and test agents, and where all agents live in one process.
///
/// Copies of the value, and factories decoded from it in the same process, join the same exchange. The exchange ends
/// when the last of them and the last transport are gone.
///
/// ```swift
/// let exchange = InProcessExchange()
/// let user = try await exchange.makeUserClient(name: "ann")
/// let registration = try await user.registerAgent(AgentType("Echo"))
/// let agent = try await exchange.makeAgentClient(registration) { request, _ in request.response() }
/// let roundTrip = try await user.handle(to: registration.agentID).ping()
/// ```
public struct InProcessExchange: ExchangeFactory {
    let core: ExchangeCore

    /// Identifies the exchange among those of this process.
    public var id: UUID { core.id }

    /// The limits of the exchange.
    public var configuration: Configuration { core.configuration }

    /// Makes a new, empty exchange.
    ///
    /// - Parameters:
    ///   - configuration: The limits of the exchange.
    ///   - logger: Logs a line at level `info` for each request that a mailbox answers by itself, because it expired or
    ///     the mailbox was terminated. Clients log to the logger of their own configuration.
    public init(
        configuration: Configuration = Configuration(),
        logger: Logger = Logger(label: "warren.in-process")
    ) {
        core = ExchangeCore(configuration: configuration, logger: logger)
        ExchangeRegistry.add(core)
    }

    init(core: ExchangeCore) {
        self.core = core
    }

    /// Makes a user with a mailbox of its own, and a transport bound to it.
    ///
    /// The mailbox lasts until it is terminated; closing the transport does not end it.
    public func makeUserTransport(name: String?) async throws(ExchangeError) -> any ExchangeTransport {
        let mailbox = core.addUser(name: name)
        return InProcessTransport(
            exchange: core,
            mailbox: mailbox,
            receiver: try mailbox.attach(.exclusive, limit: nil)
        )
    }

    /// Opens the mailbox of a registered agent.
    ///
    /// A standby waits behind the attached transports, and takes over in turn when the receiver closes. A transport of a work
    /// group receives beside the others.
    ///
    /// - Throws: `ExchangeError.Code.badEntityID` when the agent is not registered or was terminated,
    ///   `ExchangeError.Code.mailboxInUse` when another transport is open on its mailbox and the mode is
    ///   `AttachMode.exclusive`.
    public func makeAgentTransport(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?
    ) async throws(ExchangeError) -> any ExchangeTransport {
        let id = EntityID.agent(registration.agentID)
        guard case .active(let mailbox) = core.find(id) else {
            throw ExchangeError(.badEntityID, "the agent is not registered, or was terminated", entity: id)
        }
        let receiver = try mailbox.attach(mode, limit: requestLimit)
        return InProcessTransport(exchange: core, mailbox: mailbox, receiver: receiver, requestLimit: requestLimit)
    }
}

extension InProcessExchange: Codable {
    private enum CodingKeys: String, CodingKey {
        case exchange
    }

    /// Joins the encoded exchange.
    ///
    /// - Throws: `DecodingError` with an underlying `ExchangeError.Code.unavailable` when the exchange is not in this
    ///   process, or no longer exists.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let id = try fields.decode(UUID.self, forKey: .exchange)
        guard let core = ExchangeRegistry.find(id) else {
            let error = ExchangeError(
                .unavailable,
                "an in-process exchange can only be joined in its own process, while it is in use"
            )
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: fields.codingPath + [CodingKeys.exchange],
                    debugDescription: error.message,
                    underlyingError: error
                )
            )
        }
        self.core = core
    }

    /// Encodes only the identifier of the exchange in this process.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .exchange)
    }
}
