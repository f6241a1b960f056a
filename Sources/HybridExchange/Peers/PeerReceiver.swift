#if Hybrid
    /// Takes the frames of one connection. All functions are called on its event loop, one after the other, and must not wait.
    protocol PeerReceiver: Sendable {
        /// Takes the next frame. It is never `ping`, `pong` or `bye`.
        ///
        /// - Throws: When a correct peer does not send it. The connection ends.
        func receive(_ frame: PeerFrame, on connection: PeerConnection) throws(LaneViolation)

        /// The frames that came together have been handed over: the time for one `ack`.
        func endBurst(on connection: PeerConnection)

        /// The connection ended. Called once, as the last function.
        func end(_ connection: PeerConnection, _ ending: PeerEnding)
    }
#endif
