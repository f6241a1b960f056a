import Foundation
import RabbitMQExchange

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The HTTP API of the broker's management plugin.
struct ManagementAPI: Sendable {
    private let base: URL
    private let authorization: String
    private let virtualHost: String

    /// The timeout of a request.
    private static let patience: TimeInterval = 15

    /// The number of queues in one answer: a list of thousands takes the broker seconds.
    static let page = 500

    /// On Linux a shared session waits forever for an answer to the challenge of a refusal.
    private static let session = URLSession(
        configuration: .ephemeral,
        delegate: ChallengeRefuser(),
        delegateQueue: nil
    )

    /// - Parameters:
    ///   - url: `http://host:15672`, with a user and a password if they differ from the broker's.
    ///   - login: Returns user and password otherwise.
    init?(url: String, virtualHost: String, login: () async throws -> (user: String, password: String)) async throws {
        guard var parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme), parts.host != nil else {
            return nil
        }
        let (user, password): (String, String)
        if let name = parts.user {
            (user, password) = (name, parts.password ?? "")
        } else {
            (user, password) = try await login()
        }
        parts.user = nil
        parts.password = nil
        guard let base = parts.url else { return nil }
        self.base = base
        self.virtualHost = virtualHost
        authorization = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }

    /// Returns the facts about the virtual host.
    ///
    /// - Throws: ``CommandFailure``.
    func facts(namespace: String) async throws -> ManagementFacts {
        let columns =
            "name,type,head_message_timestamp,messages_unacknowledged,arguments,effective_policy_definition"
        let found: List<Queue> = try await list(namespace: namespace, columns: columns)
        let queues = found.queues
        let bindings: [Binding] = try await get(["bindings", virtualHost])
        var facts = ManagementFacts(queues: Set(queues.map(\.name)))
        for binding in bindings where binding.destinationType == "queue" && !binding.source.isEmpty {
            facts.bindings.insert(
                .init(exchange: binding.source, queue: binding.destination, routingKey: binding.routingKey)
            )
        }
        for queue in queues {
            facts.oldestMessages[queue.name] = queue.oldest
            facts.unacknowledgedMessages[queue.name] = queue.unacknowledged
            facts.acknowledgementTimeouts[queue.name] = queue.acknowledgementTimeout
            if queue.isAtMostOnce { facts.atMostOnceQueues.insert(queue.name) }
        }
        facts.alarms = try await alarms()
        return facts
    }

    /// The queues of a namespace, the number of pages in which they came, and that of all queues of the virtual host.
    typealias List<Item> = (queues: [Item], pages: Int, total: Int)

    /// Returns the queues of a namespace.
    ///
    /// - Parameter columns: The fields of each queue.
    /// - Throws: ``CommandFailure``.
    func list<Item: Decodable>(namespace: String, columns: String) async throws -> List<Item> {
        var queues: [Item] = []
        var number = 1
        while true {
            let page: Page<Item> = try await get(
                ["queues", virtualHost],
                [
                    "page": "\(number)", "page_size": "\(Self.page)", "use_regex": "true",
                    "name": "^warren\\.\(namespace)\\.", "columns": columns,
                ]
            )
            queues += page.items
            guard number < page.pageCount else { return (queues, number, page.totalCount ?? queues.count) }
            number += 1
        }
    }

    /// Returns all queues of the virtual host with one request.
    ///
    /// - Parameter columns: The fields of each queue.
    /// - Throws: ``CommandFailure``.
    func everyQueue<Item: Decodable>(columns: String) async throws -> [Item] {
        try await get(["queues", virtualHost], ["columns": columns])
    }

    /// Returns `nil` when the user may not read the nodes.
    private func alarms() async throws -> [String]? {
        do {
            let nodes: [Node] = try await get(["nodes"], ["columns": "name,mem_alarm,disk_free_alarm"])
            return nodes.flatMap { node in
                [
                    node.memoryAlarm == true ? "a memory alarm on \(node.name)" : nil,
                    node.diskAlarm == true ? "a disk alarm on \(node.name)" : nil,
                ].compactMap(\.self)
            }
        } catch is MayNot {
            return nil
        }
    }

    /// The user lacks the tag that a request needs.
    private struct MayNot: Error {}

    /// Sets a policy of the virtual host.
    ///
    /// - Throws: ``CommandFailure``.
    func put(_ policy: MailboxPolicy) async throws {
        struct Body: Encodable {
            let pattern: String
            let definition: [String: String]
            let priority = 0
            let applyTo = "queues"

            enum CodingKeys: String, CodingKey {
                case pattern, definition, priority
                case applyTo = "apply-to"
            }
        }
        var request = try request(["policies", virtualHost, policy.name])
        request.httpMethod = "PUT"
        request.httpBody = try JSONEncoder().encode(Body(pattern: policy.pattern, definition: policy.definition))
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let (_, status) = try await answer(to: request)
        switch status {
        case 200..<300: return
        case 401: throw failure("it refused the login, or the user has no tag policymaker", code: "unauthorized")
        default: throw failure("it answered with the HTTP status \(status)", code: "failed")
        }
    }

    private func get<Answer: Decodable>(_ path: [String], _ query: [String: String] = [:]) async throws -> Answer {
        let (data, status) = try await answer(to: try request(path, query))
        switch status {
        case 200: break
        // The API answers 401 for both a wrong password and a missing tag.
        case 401 where path == ["nodes"]: throw MayNot()
        case 401: throw failure("it refused the login, or the user has no tag management", code: "unauthorized")
        default: throw failure("it answered with the HTTP status \(status)", code: "failed")
        }
        do {
            return try JSONDecoder().decode(Answer.self, from: data)
        } catch {
            throw failure("its answer is not that of a RabbitMQ", code: "failed")
        }
    }

    private func request(_ path: [String], _ query: [String: String] = [:]) throws -> URLRequest {
        // A virtual host may have a slash in its name.
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        let names = path.map { $0.addingPercentEncoding(withAllowedCharacters: allowed) ?? $0 }
        let items = query.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? value)"
        }
        let prefix = base.absoluteString.hasSuffix("/") ? base.absoluteString : base.absoluteString + "/"
        let question = items.isEmpty ? "" : "?" + items.joined(separator: "&")
        guard let url = URL(string: prefix + "api/" + names.joined(separator: "/") + question) else {
            throw failure("its URL is not valid", code: "usage")
        }
        var request = URLRequest(url: url, timeoutInterval: Self.patience)
        request.setValue(authorization, forHTTPHeaderField: "Authorization")
        return request
    }

    private func answer(to request: URLRequest) async throws -> (Data, status: Int) {
        do {
            let (data, response) = try await Self.session.data(for: request)
            return (data, (response as? HTTPURLResponse)?.statusCode ?? 0)
        } catch let error as URLError where error.code == .cancelled {
            try Task.checkCancellation()
            // A challenge was refused; this task was not cancelled.
            return (Data(), 401)
        } catch {
            throw failure("it can't be reached: \(error.localizedDescription)", code: "connection-lost")
        }
    }

    private func failure(_ text: String, code: String) -> CommandFailure {
        let message = "the management plugin at \(base.absoluteString): \(text)"
        return CommandFailure(message, code: code, status: ExitStatus.broker)
    }
}

/// Treats a refusal as the answer, without trying another login.
private final class ChallengeRefuser: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        let isLogin = challenge.protectionSpace.authenticationMethod == NSURLAuthenticationMethodHTTPBasic
        completionHandler(isLogin ? .rejectProtectionSpace : .performDefaultHandling, nil)
    }
}
