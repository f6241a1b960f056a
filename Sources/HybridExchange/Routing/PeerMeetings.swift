#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Logging
    internal import Primitives
    internal import RabbitMQExchange
    internal import Synchronization

    /// Makes connections: sessions exchange endpoints and keys through the broker. Nothing waits for it.
    final class PeerMeetings: Sendable {
        /// The time for the answer of another session.
        private static let patience = Duration.seconds(5)
        /// The number of lanes that wait for the connection to a session.
        private static let largestWanted = 1024
        /// The number of other sessions' questions that are answered at the same time.
        private static let largestAnswering = 64

        /// The answer of another session to a question.
        private struct Invitation: Sendable {
            let content: PeerInvitation
            let principal: String?
        }

        private struct State {
            /// Lanes to connect when there is a connection to a session.
            var wanted: [UUID: Set<LaneID>] = [:]
            var asking = PeerQuestions()
            /// Questions to other sessions, until they answer.
            var questions: [UUID: OneShot<Invitation>] = [:]
            /// The number of questions of others that are being answered.
            var answering = 0
            var host: PeerHost?
            var endpoints: [PeerEndpoint] = []
        }

        private let connectTimeout: Duration
        private let served: ServedSession
        private let state = Mutex(State())

        init(of served: ServedSession, connectTimeout: Duration) {
            self.served = served
            self.connectTimeout = connectTimeout
        }

        /// The connections of this session; `nil` before the opening and after the close.
        var host: PeerHost? { state.withLock { $0.host } }

        /// Dials with a host from now on.
        func begin(_ host: PeerHost) { state.withLock { $0.host = host } }

        /// Tells others the addresses at which this session listens.
        func offer(_ endpoints: [PeerEndpoint]) { state.withLock { $0.endpoints = endpoints } }

        /// Dials no more.
        func end() { state.withLock { $0.host = nil } }

        // MARK: Lanes that wait for a connection

        /// Asks for a connection to a session, for a lane, unless it was not reached a moment ago.
        func want(_ lane: LaneID, with peer: UUID) {
            let mustAsk = state.withLock { state in
                let mustAsk = state.asking.begin(peer, now: .now)
                if state.asking.isAsked(peer), state.wanted[peer]?.count ?? 0 < Self.largestWanted {
                    state.wanted[peer, default: []].insert(lane)
                }
                return mustAsk
            }
            guard mustAsk, let session = served.current else { return }
            session.start { await self.ask(peer, session) }
        }

        /// Removes and returns the lanes that wait for the connection to a session.
        func takeWanted(of peer: UUID) -> Set<LaneID> { state.withLock { $0.wanted.removeValue(forKey: peer) ?? [] } }

        /// Forgets the lanes of a mailbox that is closed.
        func forget(_ source: EntityID) {
            state.withLock { state in
                for peer in state.wanted.keys {
                    state.wanted[peer] = state.wanted[peer]?.filter { $0.source != source }
                }
            }
        }

        // MARK: Asking

        private func ask(_ peer: UUID, _ session: DirectSession) async {
            let isReached = await meet(peer, session)
            state.withLock { state in
                state.asking.end(peer, isReached: isReached, now: .now, share: .random(in: 0...1))
                if !isReached { state.wanted[peer] = nil }
            }
        }

        /// Asks a session for its endpoints and its half of a key. Returns `nil` when it does not answer in time.
        func invite(_ peer: UUID) async -> (meeting: Meeting, content: PeerInvitation)? {
            guard let session = served.current else { return nil }
            let (id, half, signal) = (UUID.random(), PeerKey.Half(), OneShot<Invitation>())
            let endpoints = state.withLock { state in
                state.questions[id] = signal
                return state.endpoints
            }
            defer { state.withLock { _ = $0.questions.removeValue(forKey: id) } }
            let own = PeerInvitation(session: session.id, half: half, endpoints: endpoints)
            guard await session.send(DirectControl(.meet, id: id, fields: own.fields), to: peer),
                let other = await signal.wait(until: .now + Self.patience), other.content.session == peer
            else { return nil }
            let meeting = Meeting(
                id: id,
                peer: peer,
                key: PeerKey(asker: half, answerer: other.content.half),
                principal: other.principal,
                start: .now
            )
            return (meeting, other.content)
        }

        /// Asks a session and dials it, or waits until it has dialled. Returns whether there is a connection.
        private func meet(_ peer: UUID, _ session: DirectSession) async -> Bool {
            guard let host, let (meeting, other) = await invite(peer) else { return false }
            if let connection = host.connection(to: peer) {
                // Only the same broker user renews its proof.
                if connection.agreement.principal == meeting.principal { connection.renew() }
                return true
            }
            do throws(DialError) {
                _ = try await host.dial(meeting, at: other.reachable())
                return true
            } catch {
                session.logger.debug(
                    "a session could not be dialled",
                    metadata: .init(keys: [.peer: peer.uuidString, .error: "\(error)"])
                )
            }
            // The other session dials meanwhile.
            try? await Task.sleep(for: connectTimeout + host.settings.handshakeTimeout)
            return host.connection(to: peer) != nil
        }

        /// Proves to peers through the broker that this session may go on.
        func renewProofs(of connections: [PeerConnection]) {
            guard let session = served.current else { return }
            for connection in connections where connection.agreement.dialler == session.id {
                session.start { [self] in _ = await meet(connection.agreement.peer, session) }
            }
        }

        // MARK: Answering

        /// Takes a control message of another session.
        func take(_ control: DirectControl) {
            guard let content = PeerInvitation(fields: control.fields) else { return }
            let invitation = Invitation(content: content, principal: control.principal)
            switch control.kind {
            case .met:
                state.withLock { $0.questions[control.id] }?.set(invitation)
            case .meet:
                guard let session = served.current else { return }
                let mayAnswer = state.withLock { state in
                    guard state.answering < Self.largestAnswering else { return false }
                    state.answering += 1
                    return true
                }
                guard mayAnswer else { return }
                session.start { [self] in
                    let meeting = await answer(invitation, control.id, session)
                    state.withLock { $0.answering -= 1 }
                    if let meeting { await dialBack(invitation, meeting) }
                }
            }
        }

        /// Answers a session that wants a connection. Returns the key, if that session may have to be dialled.
        private func answer(_ other: Invitation, _ id: UUID, _ session: DirectSession) async -> Meeting? {
            let (host, endpoints) = state.withLock { ($0.host, $0.endpoints) }
            let (peer, half) = (other.content.session, PeerKey.Half())
            guard let host, peer != session.id else { return nil }
            let meeting = Meeting(
                id: id,
                peer: peer,
                key: PeerKey(asker: other.content.half, answerer: half),
                principal: other.principal,
                start: .now
            )
            host.meetings.add(meeting)
            let own = PeerInvitation(session: session.id, half: half, endpoints: endpoints)
            guard await session.send(DirectControl(.met, id: id, fields: own.fields), to: peer) else { return nil }
            if let connection = host.connection(to: peer) {
                if connection.agreement.principal == other.principal { connection.renew() }
                return nil
            }
            return other.content.endpoints.isEmpty ? nil : meeting
        }

        /// Dials the session that asked, when it did not reach this one.
        private func dialBack(_ other: Invitation, _ meeting: Meeting) async {
            try? await Task.sleep(for: connectTimeout)
            guard let host, host.connection(to: meeting.peer) == nil, !Task.isCancelled else { return }
            _ = try? await host.dial(meeting, at: other.content.reachable())
        }
    }
#endif
