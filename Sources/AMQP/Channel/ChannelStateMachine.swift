internal import DequeModule

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The protocol of one channel: matches replies in order, assembles content, handles the close of either side.
///
/// Events in, actions out; no I/O and no clock.
struct ChannelStateMachine {
    /// A request that was written and not yet answered.
    struct Pending: Equatable, Sendable {
        var id: UInt64
        var kind: ReplyKind
    }

    /// The action for the owner.
    enum Action: Equatable, Sendable {
        /// Nothing.
        case none
        /// A request was answered.
        case resolve(Pending, IncomingMethod)
        /// A `basic.get` was answered with a message.
        case resolveGet(Pending, Content)
        /// Publications were confirmed or refused.
        case confirm(tag: UInt64, multiple: Bool, positive: Bool)
        /// A message for a consumer, or a returned message.
        case content(Content)
        /// The broker cancelled a consumer.
        case consumerCancelled(tag: String)
        /// Answer `channel.flow`.
        case answerFlow(active: Bool)
        /// The broker closed the channel: answer close-ok, fail these, forget the channel.
        case closedByBroker(AMQPError, method: UInt32, failed: [Pending])
        /// Our close was answered: the number is free.
        case closed(failed: [Pending])
        /// Both sides closed at once: answer close-ok and keep waiting for the broker's close-ok.
        case answerClose(failed: [Pending])
        /// Close the connection with this error.
        case violation(AMQPError)
    }

    private enum State {
        case open
        case closing
        case closed
    }

    private var state = State.open
    private var pending: Deque<Pending> = []
    private var assembler: ContentAssembler

    init(maximumBodySize: Int) {
        assembler = ContentAssembler(maximumBodySize: maximumBodySize)
    }

    /// Whether requests and publications may be written.
    var isOpen: Bool { state == .open }

    /// Requests without an answer.
    var pendingCount: Int { pending.count }

    /// Records that a request is written. Returns `false` when the channel is not open; nothing may then be written.
    mutating func requested(id: UInt64, _ kind: ReplyKind) -> Bool {
        guard state == .open else { return false }
        pending.append(Pending(id: id, kind: kind))
        return true
    }

    /// Records that `channel.close` is written. Returns `false` when it was written before, or the channel is closed.
    mutating func closeRequested() -> Bool {
        guard state == .open else { return false }
        state = .closing
        return true
    }

    /// Closes the channel with its connection. Returns the requests that fail with it.
    mutating func connectionLost() -> [Pending] {
        state = .closed
        return takePending()
    }

    mutating func received(_ method: IncomingMethod) -> Action {
        guard state != .closed else { return violation("A frame arrived for a closed channel.") }
        guard assembler.isIdle else { return violation("A method arrived inside the content of another.") }
        switch method {
        case .channelClose(let code, let text, let method): return receivedClose(code, text, method)
        case .channelCloseOk:
            guard state == .closing else { return violation("channel.close-ok arrived without a close.") }
            state = .closed
            return .closed(failed: takePending())
        case .basicAck(let tag, let multiple): return .confirm(tag: tag, multiple: multiple, positive: true)
        case .basicNack(let tag, let multiple): return .confirm(tag: tag, multiple: multiple, positive: false)
        case .basicCancel(let tag): return .consumerCancelled(tag: tag)
        case .channelFlow(let active): return .answerFlow(active: active)
        case .content(let content):
            if case .getOk = content, pending.first?.kind != .get { return unexpected(method) }
            do throws(AMQPError) { try assembler.begin(content) } catch { return fail(error) }
            return .none
        default:
            guard let first = pending.first, first.kind.isAnswered(by: method) else { return unexpected(method) }
            pending.removeFirst()
            return .resolve(first, method)
        }
    }

    mutating func receivedHeader(classID: UInt16, bodySize: UInt64, _ properties: MessageProperties) -> Action {
        guard state != .closed else { return violation("A frame arrived for a closed channel.") }
        do throws(AMQPError) {
            return complete(try assembler.header(classID: classID, bodySize: bodySize, properties))
        } catch { return fail(error) }
    }

    mutating func receivedBody(_ piece: Data) -> Action {
        guard state != .closed else { return violation("A frame arrived for a closed channel.") }
        do throws(AMQPError) { return complete(try assembler.body(piece)) } catch { return fail(error) }
    }

    private mutating func receivedClose(_ code: UInt16, _ text: String, _ method: UInt32) -> Action {
        if state == .closing { return .answerClose(failed: takePending()) }
        state = .closed
        return .closedByBroker(.channelClosed(byBroker: code, text: text), method: method, failed: takePending())
    }

    private mutating func complete(_ content: Content?) -> Action {
        guard let content else { return .none }
        guard case .getOk = content.method else { return .content(content) }
        guard let first = pending.popFirst() else { return violation("A message arrived that was not asked for.") }
        return .resolveGet(first, content)
    }

    private mutating func takePending() -> [Pending] {
        defer { pending = [] }
        return Array(pending)
    }

    private func unexpected(_ method: IncomingMethod) -> Action {
        if case .unknown(let id) = method { return violation("Unknown method \(id >> 16).\(id & 0xFFFF) arrived.") }
        return violation("A reply arrived that answers no request.")
    }

    private func violation(_ what: String) -> Action { fail(.protocolViolation(what)) }

    private func fail(_ error: AMQPError) -> Action {
        // Nothing after this on the channel can be understood, so the owner closes the connection.
        .violation(error)
    }
}
