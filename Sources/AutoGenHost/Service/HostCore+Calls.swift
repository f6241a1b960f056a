#if AutoGen
    internal import AgentExchange
    internal import AutoGenMessages
    internal import AutoGenProtocol
    internal import Foundation
    internal import GRPCCore
    internal import Synchronization
    internal import WorkerRuntime

    /// The unary calls of a client.
    extension HostCore {
        /// Registers an agent type for a client.
        ///
        /// - Parameter isRetried: Whether the client's library calls once more, because the reply of the first call was lost.
        func register(_ type: String, _ session: ClientSession, isRetried: Bool) async throws(RPCError) {
            guard session.may(.register, type) else {
                throw RPCError(
                    code: .permissionDenied,
                    message: "The policy does not let the client register this type."
                )
            }
            let owners = clients.owners(of: type)
            if isRetried, owners.contains(where: { $0 === session }) { return }
            guard session.state.withLock({ $0.types.count < configuration.maximumTypes }) else {
                throw RPCError(
                    code: .resourceExhausted,
                    message: "The client has \(configuration.maximumTypes) agent types."
                )
            }
            if !configuration.isShared(type), let owner = owners.first, owner !== session, owner.isLost {
                // A worker that starts again does not wait until the host gives its predecessor up.
                end(owner, .lost)
            }
            await clients.waitForEnding(of: type)
            do throws(ExchangeError) {
                try await session.workers.register(
                    type,
                    relay: session,
                    options: configuration.options(of: type)
                )
            } catch let error where error.code == .typeInUse {
                throw RPCError(code: .invalidArgument, message: "Agent type \(type) already registered.")
            } catch {
                throw RPCError(error)
            }
            let room = session.workers.requestLimit(of: type)
            let isEnded = session.state.withLock { state in
                state.types.insert(type)
                if let room { state.queue.limit(room: room) }
                return state.isEnded
            }
            clients.add(type, session)
            // It ended meanwhile, and gave up the types that it had then.
            if isEnded { clients.give([type], of: session) { await session.workers.stop() } }
        }

        /// Adds a subscription for a client. One that a lost worker of the client's own type left is adopted.
        func subscribe(_ message: Agents_Subscription, _ session: ClientSession, isRetried: Bool) async throws(RPCError)
        {
            guard let subscription = Subscription(message) else {
                throw RPCError(code: .unknown, message: "The subscription has no rule.")
            }
            let isAllowed =
                switch subscription.rule {
                case .type(let type): session.may(.subscribe, type)
                case .prefix(let prefix): session.may(.subscribe, prefix, isPrefix: true)
                }
            guard isAllowed else {
                throw RPCError(
                    code: .permissionDenied,
                    message: "The policy does not let the client subscribe to this."
                )
            }
            let known = session.state.withLock { $0.subscriptions[subscription.id] }
            if isRetried, known?.rule == subscription.rule, known?.agentType == subscription.agentType { return }
            var listed = subscription
            do throws(ExchangeError) {
                try await session.workers.subscribe(subscription)
            } catch let error where error.code == .subscriptionExists {
                guard let adopted = try await adopt(subscription, session) else {
                    throw RPCError(code: .invalidArgument, message: "Subscription already exists")
                }
                listed = adopted
            } catch {
                throw RPCError(error)
            }
            let isEnded = session.state.withLock { state in
                state.subscriptions[subscription.id] = listed
                return state.isEnded
            }
            if isEnded {
                try? await session.workers.unsubscribe(id: listed.id)
            } else {
                clients.add(subscription: listed.id, session)
            }
        }

        /// Adopts a subscription that no client of this host has, for a type of the client.
        private func adopt(
            _ subscription: Subscription,
            _ session: ClientSession
        ) async throws(RPCError) -> Subscription? {
            guard session.state.withLock({ $0.types.contains(subscription.agentType) }) else { return nil }
            do throws(ExchangeError) {
                let listed = try await session.workers.adopt(subscription)
                // The workers of a shared type have the same subscriptions.
                let isFree = configuration.isShared(subscription.agentType) || clients.subscriber(of: listed.id) == nil
                return isFree ? listed : nil
            } catch let error where error.code == .subscriptionExists {
                return nil
            } catch {
                throw RPCError(error)
            }
        }

        /// Removes a subscription, of any client.
        func unsubscribe(_ id: String, _ session: ClientSession) async throws(RPCError) {
            let listed = session.state.withLock { $0.subscriptions.removeValue(forKey: id) }
            do throws(ExchangeError) {
                try await session.workers.unsubscribe(id: listed?.id ?? id)
            } catch let error where error.code == .subscriptionMissing {
                throw RPCError(code: .unknown, message: "Subscription does not exist")
            } catch {
                throw RPCError(error)
            }
            let owner = clients.subscriber(of: listed?.id ?? id)
            if let owner, owner !== session { owner.forget(id) }
            clients.remove(subscriptions: [listed?.id ?? id], of: nil)
        }

        /// Returns all subscriptions, oldest first.
        func subscriptions(_ session: ClientSession) async throws(RPCError) -> [Agents_Subscription] {
            do throws(ExchangeError) {
                return try await session.workers.subscriptions().map { Agents_Subscription($0) }
            } catch {
                throw RPCError(error)
            }
        }
    }

    extension ClientSession {
        /// Whether its stream was lost, and no newer one has come.
        var isLost: Bool {
            state.withLock { state in
                if case .waiting(_, hadStream: true) = state.phase { true } else { false }
            }
        }

        /// Forgets a subscription that was removed.
        fileprivate func forget(_ id: String) {
            state.withLock { state in
                for (known, subscription) in state.subscriptions where subscription.id == id {
                    state.subscriptions[known] = nil
                }
            }
        }
    }
#endif
