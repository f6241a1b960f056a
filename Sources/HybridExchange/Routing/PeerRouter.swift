#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Logging
    internal import Primitives
    internal import RabbitMQExchange

    /// The direct way of one session: joins its lanes, the connections that carry them, the meetings that make connections,
    /// and the proof of the session's place.
    final class PeerRouter: DirectWay {
        /// The time without a message after which a lane is closed.
        private static let laneIdle = Duration.seconds(60)

        private let configuration: DirectConfiguration
        private let identity: Handshake.Identity
        private let logger: Logger
        private let settings: PeerSettings
        private let served = ServedSession()
        private let alarm = Alarm()
        private let links = PeerLinks()
        private let markers = PeerMarkers()
        /// The messages in lanes.
        let traffic: LaneTraffic
        private let proof: OwnershipProof
        private let metrics = ExchangeMetrics.current
        /// Asks other sessions for connections.
        let meetings: PeerMeetings

        init(_ configuration: DirectConfiguration, _ facts: DirectFacts) {
            self.configuration = configuration
            logger = facts.logger
            settings = configuration.peers(isEncrypted: facts.isEncrypted)
            let offer = PeerOffer(
                largestMessage: facts.maximumMessageSize,
                windowMessages: configuration.windowMessages,
                windowBytes: configuration.windowBytes,
                .closesLanes
            )
            identity = Handshake.Identity(session: facts.session, namespace: facts.namespace, offer: offer)
            traffic = LaneTraffic(configuration, of: served, over: links, alarm, metrics)
            proof = OwnershipProof(configuration.ownershipLease, of: served, alarm, metrics)
            meetings = PeerMeetings(of: served, connectTimeout: configuration.connectTimeout)
        }

        // MARK: The session

        var ownershipLease: Duration { configuration.ownershipLease }

        func open(in session: DirectSession) async throws(ExchangeError) {
            let host = PeerHost(identity, settings: settings, logger: logger) {
                [served, traffic, markers, proof, weak self] connection in
                let inbox = PeerInbox(of: served, traffic, markers, proof) { [weak self] response, peer in
                    self?.learned(peer, owns: response.source, for: response.destination)
                } ended: { [weak self] in
                    self?.disconnected($0, $1)
                }
                self?.connected(connection, inbox)
                return inbox
            }
            served.begin(session)
            meetings.begin(host)
            meetings.offer(try await configuration.listen(on: host, towards: session.localAddress, logger))
            session.start { await self.watchClock() }
        }

        func route(
            for mailbox: EntityID,
            broker: any MessageRoute,
            delivered: @escaping @Sendable (Response) -> Void
        ) -> any MessageRoute {
            traffic.mailboxes.add(mailbox)
            return HybridRoute(
                mailbox: mailbox,
                traffic: traffic,
                meetings: meetings,
                broker: broker,
                delivered: delivered
            )
        }

        func changed(isConnected: Bool) { proof.changed(isConnected: isConnected) }

        func close() async {
            await meetings.host?.close(within: .seconds(2))
            served.end()
            meetings.end()
            markers.removeAll()
            traffic.close()
            alarm.ring()
        }

        // MARK: Connections

        /// The processes with a connection.
        var peers: [DirectPeer] {
            links.connections.map { connection in
                let figures = traffic.figures(of: connection.number)
                return DirectPeer(
                    session: connection.agreement.peer,
                    address: connection.address,
                    lanes: figures.direct,
                    unanswered: figures.unanswered
                )
            }
        }

        /// The connections and the lease, as other sessions are told.
        var ways: DirectWays {
            let connections = peers.map { peer in
                DirectWays.Connection(
                    session: peer.session,
                    address: peer.address,
                    lanes: peer.lanes,
                    unanswered: peer.unanswered
                )
            }
            return DirectWays(lease: proof.left, connections: connections)
        }

        /// A connection is ready. Lanes that wait for it are connected.
        private func connected(_ connection: PeerConnection, _ inbox: PeerInbox) {
            metrics.move(.directConnections, by: 1)
            guard let session = served.current else { return }
            let peer = connection.agreement.peer
            links.add(connection, inbox.incoming, queue: session.queue(of: peer))
            traffic.connect(connection.number, connection.agreement.offer)
            for lane in meetings.takeWanted(of: peer) where !traffic.isConnected(lane) {
                traffic.connect(lane, to: connection.number)
            }
        }

        /// A connection ended: everything that only the peer may have is published.
        private func disconnected(_ connection: PeerConnection, _ ending: PeerEnding) {
            // Before anything is published: a confirmed answer forgets its request.
            served.current?.lost(connection.agreement.peer)
            links.remove(connection)
            markers.forget(connection)
            traffic.disconnect(connection.number)
            metrics.move(.directConnections, by: -1)
            served.current?.logger.debug(
                "a direct connection ended",
                metadata: .init(keys: [.peer: connection.agreement.peer.uuidString, .reason: ending.reason])
            )
        }

        func learned(_ peer: UUID, owns mailbox: EntityID, for requester: EntityID) {
            let lane = LaneID(from: requester, to: mailbox, .requests)
            // Every answer tells it, and most have their lane.
            guard !traffic.isConnected(lane), let session = served.current, peer != session.id else { return }
            guard let number = links.number(ofQueue: session.queue(of: peer)) else {
                return meetings.want(lane, with: peer)
            }
            // The next connection has room for lanes.
            if traffic.isUsedUp(number) { links.connection(number)?.leave(.idle, within: .seconds(2)) }
            traffic.connect(lane, to: number)
        }

        func returned(_ request: Request, to peer: UUID) {
            let lane = LaneID(from: request.source, to: request.destination, .requests)
            guard let queue = served.current?.queue(of: peer), let link = links.link(toQueue: queue),
                let number = link.incoming.number(of: lane)
            else { return }
            _ = link.connection.send(.queued(lane: number, tag: request.tag))
        }

        func cut(_ peer: UUID) {
            guard let queue = served.current?.queue(of: peer) else { return }
            links.link(toQueue: queue)?.connection.end(.cut)
        }

        // MARK: Through the broker

        func answered(_ response: Response) { traffic.answered(response) }

        func take(_ control: DirectControl) { meetings.take(control) }

        func readMarker(_ id: UUID) { markers.read(id) }

        // MARK: The clock

        /// Looks at the clock until the session closes: messages kept back, the lease, deadlines of requests, proofs.
        private func watchClock() async {
            var nextProof = ContinuousClock.now + configuration.renewal / 3
            var nextSweep = ContinuousClock.now + Self.laneIdle / 2
            while !Task.isCancelled {
                let mayGoOn = await alarm.sleep {
                    guard served.current != nil else { return nil }
                    return .earlier(min(nextProof, nextSweep), .earlier(traffic.deadline, proof.deadline))
                }
                guard mayGoOn else { return }
                proof.tick()
                traffic.tick()
                if nextSweep <= .now {
                    nextSweep = .now + Self.laneIdle / 2
                    traffic.closeIdleLanes(for: Self.laneIdle)
                }
                if nextProof <= .now {
                    nextProof = .now + configuration.renewal / 3
                    meetings.renewProofs(of: links.connections)
                }
            }
        }
    }
#endif
