#if Monitoring
    import AgentExchange
    import Foundation
    import HTTPTypes
    import Hummingbird
    import HummingbirdCore
    import NIOCore

    /// The server of `warren dashboard`: its page, its questions and actions, and its live views.
    ///
    /// It has 64 connections and 16 live views at most. A live view has no queue: it is made when the client has taken the one before.
    struct DashboardServer: Sendable {
        private typealias Context = BasicRequestContext

        let desk: DashboardDesk
        let rules: RequestGuard
        /// Tells the operator of refused requests, and of each action.
        let note: @Sendable (String) -> Void
        private let views = Places(16, "live views")

        private static let connections = 64
        /// The time between two views of a live one.
        private static let pace = Duration.seconds(2)
        /// The number of bytes of an action.
        private static let largestAction = 4096

        init(desk: DashboardDesk, rules: RequestGuard, note: @escaping @Sendable (String) -> Void) {
            self.desk = desk
            self.rules = rules
            self.note = note
        }

        /// Serves until the task is cancelled.
        ///
        /// - Parameter ready: Called with the port, when connections are accepted.
        /// - Throws: ``CommandFailure`` when the address can't be listened at.
        func run(
            at address: ScrapeAddress,
            certificate: ServerCertificate?,
            ready: @escaping @Sendable (Int) -> Void
        ) async throws {
            let router = Router()
            router.add(middleware: DashboardGate(rules: rules, notes: RefusalNotes(), note: note))
            addPage(to: router)
            addQuestions(to: router)
            addActions(to: router)
            let server = WebServer(
                address: address,
                connections: Self.connections,
                certificate: certificate,
                label: "warren.dashboard"
            )
            try await server.run(router, ready: ready)
        }

        private func addPage(to router: Router<Context>) {
            let files: [(path: RouterPath, type: String, bytes: [UInt8])] = [
                ("/", "text/html; charset=utf-8", PackageResources.page_html),
                ("style.css", "text/css; charset=utf-8", PackageResources.style_css),
                ("script.js", "text/javascript; charset=utf-8", PackageResources.script_js),
                ("icon.svg", "image/svg+xml", PackageResources.icon_svg),
            ]
            for file in files {
                let text = String(decoding: file.bytes, as: UTF8.self)
                router.get(file.path) { _, _ in Response.text(text, contentType: file.type) }
            }
            router.get("-/healthy") { _, _ in Response.text("ok\n") }
        }

        // MARK: Questions

        private func addQuestions(to router: Router<Context>) {
            router.get("api/totals") { _, _ in Response.json(await desk.totals()) }
            router.get("api/live/totals") { _, _ in try live { await desk.totals() } }
            router.get("api/agents") { request, _ in Response.json(await desk.agents(AgentQuery(request))) }
            router.get("api/live/agents") { request, _ in
                let query = AgentQuery(request)
                return try live { await desk.agents(query) }
            }
            router.get("api/agents/:id") { _, context in
                Response.json(try await desk.agent(try Self.uuid("id", context)))
            }
            router.get("api/live/agents/:id") { _, context in
                let id = try Self.uuid("id", context)
                return try live { try await desk.agent(id) }
            }
            router.get("api/trace/:tag") { _, context in
                Response.json(try await desk.trace(try Self.uuid("tag", context)))
            }
            router.get("api/parked") { _, _ in Response.json(try await desk.parked()) }
            router.get("api/parked/message") { request, _ in
                Response.json(try await desk.parked(request.uri.queryParameters["id"].map(String.init) ?? ""))
            }
            router.get("api/failed") { _, _ in Response.json(try await desk.failed()) }
            router.get("api/failed/request") { request, _ in
                Response.json(try await desk.failed(request.uri.queryParameters["id"].map(String.init) ?? ""))
            }
        }

        private static func uuid(_ name: String, _ context: Context) throws -> UUID {
            guard let id = context.parameters.get(name).flatMap(UUID.init(uuidString:)) else {
                throw CommandFailure("the \(name) is no UUID", code: "usage")
            }
            return id
        }

        /// Returns a response of server-sent events: a view, and a new one each time that the client has taken the one before and the
        /// pace has passed. An error is an event too.
        private func live<View: Encodable>(_ view: @escaping @Sendable () async throws -> View) throws -> Response {
            // The place is taken when the body is written: a body that never is would keep it.
            try views.enter()
            views.leave()
            let body = ResponseBody { [views] writer in
                try await views.with {
                    while !Task.isCancelled {
                        let text: String
                        do {
                            text = JSONLine.text(try await view())
                        } catch let failure as CommandFailure {
                            text = JSONLine.text(failure.report)
                        }
                        try await writer.write(ByteBuffer(string: "data: \(text)\n\n"))
                        try await Task.sleep(for: Self.pace)
                    }
                }
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
        }

        // MARK: Actions

        private struct Replay: Decodable {
            let id: String
            let to: String?
        }

        private struct Target: Decodable {
            let id: String
        }

        private func addActions(to router: Router<Context>) {
            router.post("api/agents/terminate") { request, _ in
                let target = try await Self.action(Target.self, request)
                guard let id = UUID(uuidString: target.id) else {
                    throw CommandFailure("the id is no UUID", code: "usage")
                }
                let outcome = try await desk.terminate(id)
                note("dashboard: agent:\(id.lowercased) \(outcome)")
                return Response.json(["outcome": outcome])
            }
            router.post("api/parked/replay") { request, _ in
                let replay = try await Self.action(Replay.self, request)
                var target: EntityArgument?
                if let to = replay.to {
                    guard let argument = EntityArgument(argument: to) else {
                        throw CommandFailure("the destination is empty", code: "usage")
                    }
                    target = argument
                }
                let count = try await desk.replay(replay.id, to: target)
                note("dashboard: \(count) parked messages sent again: \(replay.id.oneLine)")
                return Response.json(["replayed": count])
            }
            router.post("api/parked/drop") { request, _ in
                let target = try await Self.action(Target.self, request)
                let count = try await desk.drop(target.id)
                note("dashboard: \(count) parked messages dropped: \(target.id.oneLine)")
                return Response.json(["dropped": count])
            }
            router.post("api/failed/replay") { request, _ in
                let target = try await Self.action(Target.self, request)
                let count = try await desk.replayFailed(target.id)
                note("dashboard: \(count) failed requests sent again: \(target.id.oneLine)")
                return Response.json(["sent": count])
            }
            router.post("api/failed/drop") { request, _ in
                let target = try await Self.action(Target.self, request)
                let count = try await desk.dropFailed(target.id)
                note("dashboard: \(count) failed requests dropped: \(target.id.oneLine)")
                return Response.json(["dropped": count])
            }
        }

        private static func action<Action: Decodable>(_ type: Action.Type, _ request: Request) async throws -> Action {
            let body: ByteBuffer
            do {
                body = try await request.body.collect(upTo: largestAction)
            } catch is NIOTooManyBytesError {
                throw CommandFailure("an action has \(largestAction) bytes at most", code: "usage")
            }
            guard let action = try? JSONDecoder().decode(Action.self, from: Data(body.readableBytesView)) else {
                throw CommandFailure("the action is not the JSON that it should be", code: "usage")
            }
            return action
        }
    }

    extension AgentQuery {
        fileprivate init(_ request: Request) {
            let values = request.uri.queryParameters
            self.init { values[$0[...]].map(String.init) }
        }
    }
#endif
