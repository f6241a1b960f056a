@testable import HybridExchange

extension LaneModel.State: CustomStringConvertible {
    /// The state without empty fields.
    var description: String {
        var fields = ["lane \(lane)"]
        func add(_ name: String, _ text: String) { fields.append("\(name) \(text)") }
        if !isRequesterAlive { add("requester", "dead") }
        if isRequesterLinked || owner.isLinked {
            add("link", "\(isRequesterLinked ? "r" : "")\(owner.isLinked ? "o" : "")\(isCut ? " cut" : "")")
        }
        if !toOwner.isEmpty { add("to owner", "\(toOwner)") }
        if !toRequester.isEmpty { add("to requester", "\(toRequester)") }
        if !delivered.isEmpty { add("delivered", "\(delivered)") }
        if !mailbox.isEmpty { add("mailbox", "\(mailbox)") }
        add("owner", owner.description)
        if isTerminated { fields.append("terminated") }
        add("sent", "\(sent), accepted \(accepted.rawValue), failed \(failed.rawValue)")
        add("posted", "\(posted.rawValue), answered \(answered.rawValue)")
        if let fault { fields.append(fault) }
        return fields.joined(separator: "; ")
    }
}

extension LaneModel.Owner: CustomStringConvertible {
    var description: String {
        guard isAlive else { return "dead" }
        let window = window.map { "\($0)" } ?? "-"
        return "held \(held.rawValue), direct \(direct.rawValue), answered \(answered.rawValue), "
            + "window \(window), expected \(expected.rawValue)\(isLettingGo ? ", letting go" : "")"
    }
}
