#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import RabbitMQExchange
    internal import Synchronization

    /// Takes the frames of one connection: hands messages to their mailboxes, and replies to the lanes of this side.
    final class PeerInbox: PeerReceiver {
        /// The lanes that the peer opened.
        let incoming = IncomingLanes()

        private let served: ServedSession
        private let traffic: LaneTraffic
        private let markers: PeerMarkers
        private let proof: OwnershipProof
        private let learned: @Sendable (Response, _ peer: UUID) -> Void
        private let ended: @Sendable (PeerConnection, PeerEnding) -> Void

        /// - Parameters:
        ///   - learned: Called when a terminal response comes: its sender can be reached.
        ///   - ended: Called when the connection has ended.
        init(
            of served: ServedSession,
            _ traffic: LaneTraffic,
            _ markers: PeerMarkers,
            _ proof: OwnershipProof,
            learned: @escaping @Sendable (Response, _ peer: UUID) -> Void,
            ended: @escaping @Sendable (PeerConnection, PeerEnding) -> Void
        ) {
            self.served = served
            self.traffic = traffic
            self.markers = markers
            self.proof = proof
            self.learned = learned
            self.ended = ended
        }

        func receive(_ frame: PeerFrame, on connection: PeerConnection) throws(LaneViolation) {
            switch frame {
            case .open(let number, let opening, let lane, let marker):
                let isNew = try incoming.open(number, opening, lane)
                if isNew, lane.content == .requests { proof.begin() }
                guard let marker else { return }
                let opening = AwaitedMarker(connection: connection, lane: number, opening: opening)
                if lane.content == .responses { return markers.wait(opening, for: marker) }
                // Its first message would be refused before.
                proof.whenValid { [markers] in markers.wait(opening, for: marker) }
            case .close(let number):
                if incoming.close(number)?.content == .requests { proof.end() }
            case .data(let number, let opening, let isCopied, let bytes):
                guard let lane = try incoming.admits(number, opening) else { return }
                if let refusal = take(bytes, on: lane, isCopied: isCopied, connection) {
                    let position = incoming.refuse(number)
                    traffic.metrics.count(.directRefusals, [.reason(refusal.reason)])
                    _ = connection.send(.refused(lane: number, opening: opening, from: position, refusal))
                } else {
                    incoming.take(number)
                }
            case .notice(let number, let bytes):
                // A closed lane may have a notice behind it.
                guard let lane = incoming.find(number) else { return }
                if case .notice(let notice)? = try? MessageBytes.decode(
                    bytes,
                    on: lane,
                    principal: connection.agreement.principal
                ) {
                    served.current?.take(notice)
                }
            case .queued(let number, let tag):
                if try !traffic.queued(number, tag, by: connection.number) {
                    // Neither, when this side has ended the request already.
                    guard let lane = incoming.find(number) else { return }
                    served.current?.expectCopy(of: tag, from: lane.source, to: lane.destination)
                }
            case .ack(let counts):
                for count in counts { try traffic.acknowledged(count, by: connection.number) }
            case .opened(let number, let opening, let marker):
                try traffic.opened(number, opening, marker, by: connection.number)
            case .refused(let number, let opening, let position, let reason):
                try traffic.refused(number, opening, from: position, reason, by: connection.number)
            case .ping, .pong, .bye:
                break
            }
        }

        /// Hands a message to its mailbox. Returns the reason when it is not taken.
        private func take(
            _ bytes: [UInt8],
            on lane: LaneID,
            isCopied: Bool,
            _ connection: PeerConnection
        ) -> Refusal? {
            let message: Message
            do throws(PeerFrameError) {
                message = try MessageBytes.decode(bytes, on: lane, principal: connection.agreement.principal)
            } catch {
                connection.end(.invalid(error))
                return .notOwner
            }
            guard let session = served.current else { return .notOwner }
            switch message {
            case .request(let request):
                guard proof.isValid else { return .notOwner }
                switch session.take(request, from: connection.agreement.peer, isCopied: isCopied) {
                case .taken: return nil
                case .busy: return .busy
                case .notOwner: return .notOwner
                case .terminated: return .terminated
                }
            case .response(let response):
                guard session.take(response, principal: connection.agreement.principal) else { return .notOwner }
                if response.isTerminal { learned(response, connection.agreement.peer) }
                return nil
            case .notice(let notice):
                session.take(notice)
                return nil
            }
        }

        func endBurst(on connection: PeerConnection) {
            var left = incoming.takeCounts()[...]
            while !left.isEmpty {
                _ = connection.send(.ack(Array(left.prefix(PeerFrame.largestAck))))
                left = left.dropFirst(PeerFrame.largestAck)
            }
        }

        func end(_ connection: PeerConnection, _ ending: PeerEnding) {
            proof.end(incoming.requestCount)
            ended(connection, ending)
        }
    }
#endif
