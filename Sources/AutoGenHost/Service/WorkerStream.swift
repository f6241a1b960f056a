#if AutoGen
    internal import AgentExchange
    internal import GRPCCore
    internal import Primitives
    internal import Synchronization

    /// One open stream of a client: a task reads, another writes.
    struct WorkerStream: Sendable {
        private enum Ending: Sendable {
            /// The client closed its side.
            case left
            /// The stream broke.
            case lost
            /// The host ends the stream.
            case ended(RPCError?)
            /// Writing failed; the reader learns the reason.
            case broken
        }

        let core: HostCore
        let session: ClientSession
        let messages: RPCAsyncSequence<[UInt8], any Error>
        let isRetried: Bool

        /// Runs the stream until it ends.
        ///
        /// - Throws: `RPCError` when the host ends it.
        func run(_ writer: RPCWriter<[UInt8]>) async throws {
            guard let stream = session.openStream(isRetried: isRetried) else {
                throw Self.ended
            }
            let ending = await withTaskGroup(of: Ending.self) { group in
                group.addTask { await read() }
                group.addTask { await write(stream, writer) }
                // A writer whose client takes nothing does not notice the end.
                group.addTask {
                    _ = await session.hasEnded.wait()
                    return .ended(Self.ended)
                }
                var ending = await group.next() ?? .broken
                if case .broken = ending { ending = await group.next() ?? .broken }
                group.cancelAll()
                return ending
            }
            guard session.closeStream(stream) else { return try end(ending) }
            switch ending {
            case .left:
                // Some libraries cancel a stream that brings a message that is too large.
                session.failOversized()
                core.end(session, .left)
            case .lost, .broken:
                session.failOversized()
                if core.configuration.onLoss == .fail { core.end(session, .lost) }
            case .ended: break
            }
            session.streamsEnded.set(())
            try end(ending)
        }

        private static let ended = RPCError(code: .unavailable, message: "The session of the client has ended.")

        private func end(_ ending: Ending) throws {
            if case .ended(let error?) = ending { throw error }
        }

        private func read() async -> Ending {
            do {
                for try await bytes in messages {
                    await session.receive(bytes) { core.clients.isForeign($0, to: session) }
                }
                return .left
            } catch {
                return Self.isDeparture(error) ? .left : .lost
            }
        }

        /// Whether the client closed the stream or its channel by itself. grpc-swift tells it in the text only.
        static func isDeparture(_ error: any Error) -> Bool {
            guard let error = error as? RPCError else { return false }
            return error.code == .unavailable && error.message.contains("RST_STREAM")
                && error.message.contains("cancel")
        }

        private func write(_ stream: Int, _ writer: RPCWriter<[UInt8]>) async -> Ending {
            while true {
                switch await session.next(for: stream) {
                case .end(let error): return .ended(error)
                case .write(let batch):
                    do { try await writer.write(contentsOf: batch) } catch { return .broken }
                }
            }
        }
    }

    /// The control stream of a client.
    struct ControlCall: Sendable {
        let core: HostCore
        let session: ClientSession
        let messages: RPCAsyncSequence<[UInt8], any Error>

        func run(_ writer: RPCWriter<[UInt8]>) async throws {
            let channel = ControlChannel()
            let older = session.state.withLock { state -> ControlChannel? in
                defer { if !state.isEnded { state.control = channel } }
                return state.isEnded ? channel : state.control
            }
            older?.end()
            let router = ControlRouter(session: session, channel: channel, clients: core.clients)
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    do { for try await bytes in messages { router.receive(bytes) } } catch {}
                }
                group.addTask {
                    while let batch = await channel.next() {
                        do { try await writer.write(contentsOf: batch) } catch { return }
                    }
                }
                await group.next()
                channel.end()
                group.cancelAll()
            }
            session.state.withLock { state in
                if state.control === channel { state.control = nil }
            }
        }
    }
#endif
