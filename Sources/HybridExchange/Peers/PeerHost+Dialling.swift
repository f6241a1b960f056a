#if Hybrid
    internal import NIOCore
    internal import NIOPosix
    internal import NIOSSL

    /// The reason that a session could not be dialled.
    enum DialError: Error, Hashable {
        /// There is no endpoint to dial.
        case noEndpoint
        /// No socket could be opened to any endpoint: the last one refused, was not reached in time, or has no route.
        case notReached
        /// A program answered at the last endpoint, and the handshake failed.
        case handshake(HandshakeError)
    }

    extension PeerHost {
        private enum Event: Sendable {
            case ended(Result<PeerConnection, DialError>)
            /// It is time for the attempt with this number.
            case due(Int)
        }

        /// Dials a session at its endpoints, in order, the next one when the earlier ones have failed or take longer than
        /// ``PeerSettings/dialStagger``. Returns the first connection. Takes at most ``PeerSettings/connectTimeout`` and
        /// ``PeerSettings/handshakeTimeout`` after the last attempt began.
        ///
        /// - Parameter meeting: The key, which is also added to ``meetings``: the other session may dial with it.
        /// - Throws: ``DialError``, of the last attempt that failed.
        func dial(_ meeting: Meeting, at endpoints: [PeerEndpoint]) async throws(DialError) -> PeerConnection {
            meetings.add(meeting)
            let result = await withTaskGroup(of: Event.self) { group -> Result<PeerConnection, DialError> in
                var started = 0
                var running = 0
                var last = DialError.noEndpoint
                func start() {
                    guard started < endpoints.count else { return }
                    let endpoint = endpoints[started]
                    started += 1
                    running += 1
                    group.addTask { .ended(await self.attempt(meeting, at: endpoint)) }
                    group.addTask { [started, stagger = self.settings.dialStagger] in
                        // A cancelled pause is over: nothing starts after the end.
                        try? await Task.sleep(for: stagger)
                        return .due(started)
                    }
                }
                start()
                while running > 0, let event = await group.next() {
                    switch event {
                    case .due(let number):
                        if number == started, !Task.isCancelled { start() }
                    case .ended(.success(let connection)):
                        group.cancelAll()
                        return .success(connection)
                    case .ended(.failure(let error)):
                        running -= 1
                        last = error
                        if running == 0, !Task.isCancelled { start() }
                    }
                }
                group.cancelAll()
                return .failure(last)
            }
            return try result.get()
        }

        /// Dials a session at one endpoint, and returns the result. A connection is left again.
        func probe(_ meeting: Meeting, at endpoint: PeerEndpoint) async -> EndpointProbe {
            meetings.add(meeting)
            let (attempt, start) = (DialAttempt(), ContinuousClock.now)
            let channel: any Channel
            do {
                channel = try await connect(endpoint, attempt)
            } catch {
                return EndpointProbe(connecting: error)
            }
            do {
                let connection = try await handshake(meeting, endpoint, channel)
                connection.leave(.closed, within: settings.handshakeTimeout)
                return .reached(start.duration(to: .now))
            } catch {
                return .handshake(error as? HandshakeError ?? .closed)
            }
        }

        private func attempt(_ meeting: Meeting, at endpoint: PeerEndpoint) async -> Result<PeerConnection, DialError> {
            let attempt = DialAttempt()
            return await withTaskCancellationHandler {
                let channel: any Channel
                do {
                    channel = try await connect(endpoint, attempt)
                } catch {
                    return .failure(.notReached)
                }
                do {
                    return .success(try await handshake(meeting, endpoint, channel))
                } catch {
                    return .failure(.handshake(error as? HandshakeError ?? .closed))
                }
            } onCancel: {
                // A connection that is ready meanwhile is in the book, and stays or leaves by its rules.
                for channel in attempt.cancel() { abandon(channel) }
            }
        }

        private func connect(_ endpoint: PeerEndpoint, _ attempt: DialAttempt) async throws -> any Channel {
            let bootstrap = ClientBootstrap(group: group)
                .connectTimeout(TimeAmount(settings.connectTimeout))
                .channelOption(.writeBufferWaterMark, value: Self.waterMark)
                .channelOption(.recvAllocator, value: Self.readBuffer(isEncrypted: isEncrypted(endpoint)))
                .channelOption(.maxMessagesPerRead, value: 1)
                .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try attempt.add(channel) } }
            return switch endpoint {
            case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
            case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
            }
        }

        private func isEncrypted(_ endpoint: PeerEndpoint) -> Bool {
            if case .tcp = endpoint { settings.security == .encrypted } else { false }
        }

        private func handshake(
            _ meeting: Meeting,
            _ endpoint: PeerEndpoint,
            _ channel: any Channel
        ) async throws -> PeerConnection {
            let encryption = isEncrypted(endpoint) ? try PeerEncryption.dialler(meeting) : nil
            let promise = channel.eventLoop.makePromise(of: PeerConnection.self)
            let prepared = channel.eventLoop.submit {
                try self.begin(channel, isAccepted: false)
                channel.closeFuture.whenComplete { _ in self.endHandshake(channel, isAccepted: false) }
                let pipeline = channel.pipeline.syncOperations
                if let encryption {
                    let handling = PeerEncryption.handling
                    try pipeline.addHandler(
                        NIOSSLClientHandler(context: encryption, serverHostname: nil, configuration: handling)
                    )
                }
                try pipeline.addHandler(HandshakeHandler(self, .dialler(meeting, promise)))
                channel.setDelayOff()
            }
            prepared.whenFailure { error in
                promise.fail(error)
                channel.close(promise: nil)
            }
            return try await promise.futureResult.get()
        }
    }
#endif
