internal import Foundation

/// The agents that wait for the current task's call, directly or through others, with their places for requests.
///
/// A call to one of them would not be served before its deadline if all of the agent's places wait for that call. The
/// path travels with requests, so that a caller can detect this before it calls.
package struct CallPath: Sendable, Hashable {
    /// An agent's places for requests, or for requests of one of its actions.
    struct Place: Sendable, Hashable {
        let agent: UUID
        let action: String?
        /// The number of places that wait for the call.
        var taken: Int
        /// The number of places.
        var limit: Int
    }

    /// The maximum size of a path in a message, in bytes.
    private static let maximumSize = 1024

    /// The longest action name in a path, in bytes.
    private static let maximumAction = 64

    private(set) var places: [Place] = []

    /// Makes an empty path.
    package init() {}

    /// Whether no agent waits.
    package var isEmpty: Bool { places.isEmpty }

    /// Returns the path of the calls that an agent makes while it serves a request with this path.
    ///
    /// - Parameter limit: The number of requests that the agent serves at a time.
    package func serving(_ agent: AgentID, limit: Int) -> CallPath {
        taking(agent.uuid, nil, limit)
    }

    /// Returns the path of the calls made by an action that runs at most `limit` times at once.
    package func running(_ action: String, of agent: AgentID, limit: Int) -> CallPath {
        action.utf8.count > Self.maximumAction ? self : taking(agent.uuid, action, limit)
    }

    /// Returns the path with a lower limit for the requests that the agent serves.
    package func limiting(_ agent: AgentID, to limit: Int) -> CallPath {
        var path = self
        for index in places.indices where places[index].agent == agent.uuid && places[index].action == nil {
            path.places[index].limit = min(limit, places[index].limit)
        }
        return path
    }

    /// Returns the path of the calls that an agent makes while it serves no requests: while it starts or stops.
    package static func closed(_ agent: AgentID) -> CallPath {
        CallPath().taking(agent.uuid, nil, 0)
    }

    private func taking(_ agent: UUID, _ action: String?, _ limit: Int) -> CallPath {
        var path = self
        if let index = places.firstIndex(where: { $0.agent == agent && $0.action == action }) {
            path.places[index].taken = min(places[index].taken + 1, Int(Int32.max))
            path.places[index].limit = limit
        } else {
            path.places.append(Place(agent: agent, action: action, taken: 1, limit: limit))
        }
        return path
    }
}

extension CallPath {
    /// The path as text. Each place has the agent in base32, the taken places, the limit and, for an action, its name,
    /// separated by slashes; commas separate the places.
    ///
    /// Places that do not fit in 1,024 bytes are left out, the longest waiting first.
    package var text: String {
        var size = 0
        let texts = places.reversed().map(\.text).prefix { text in
            size += text.utf8.count + 1
            return size <= Self.maximumSize
        }
        return texts.reversed().joined(separator: ",")
    }

    /// Reads a ``text``. Ignores invalid places.
    package init(text: String) {
        guard text.utf8.count <= Self.maximumSize else { return }
        places = text.split(separator: ",").compactMap(Place.init(text:))
    }
}

extension CallPath.Place {
    private static let plain = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\0"..."~"))

    var text: String {
        let action = action?.addingPercentEncoding(withAllowedCharacters: Self.plain).map { "/\($0)" } ?? ""
        return "\(agent.base32)/\(taken)/\(limit)\(action)"
    }

    init?(text: Substring) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 4, let agent = try? UUID(base32: String(parts[0])),
            let taken = Int32(parts[1]), let limit = Int32(parts[2]), taken > 0, limit >= 0
        else { return nil }
        let name = parts.count == 4 ? String(parts[3]).removingPercentEncoding : nil
        if parts.count == 4, name == nil { return nil }
        self.init(agent: agent, action: name, taken: Int(taken), limit: Int(limit))
    }
}
