#if Monitoring
    import HTTPTypes
    import Hummingbird
    import HummingbirdCore

    /// The way into and out of the dashboard: requests pass ``RequestGuard``, errors become JSON, and each answer has the headers that
    /// tell browsers how little the page may do.
    struct DashboardGate: RouterMiddleware {
        typealias Context = BasicRequestContext

        let rules: RequestGuard
        let notes: RefusalNotes
        let note: @Sendable (String) -> Void

        /// Scripts and styles of the page's own files only, requests to its own server only, in no frame, and no text as markup.
        static let policy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

        private static let headers: [(String, String)] = [
            ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
            ("Cache-Control", "no-store"),
        ]

        func handle(
            _ request: Request,
            context: Context,
            next: (Request, Context) async throws -> Response
        ) async throws -> Response {
            var response = try await answer(request, context, next)
            for (name, value) in Self.headers {
                if let name = HTTPField.Name(name) { response.headers[name] = value }
            }
            return response
        }

        private func answer(
            _ request: Request,
            _ context: Context,
            _ next: (Request, Context) async throws -> Response
        ) async throws -> Response {
            do {
                try rules.check(RequestGuard.Head(request))
                return try await next(request, context)
            } catch let refusal as RequestGuard.Refusal {
                if let line = notes.line(refusal) { note(line) }
                return Response(refusal.failure)
            } catch let failure as CommandFailure {
                return Response(failure)
            } catch let error as HTTPError {
                let code = error.status == .notFound ? "not-found" : "usage"
                return Response(CommandFailure(error.body ?? error.status.reasonPhrase, code: code))
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                return Response(CommandFailure(error))
            }
        }
    }

    extension RequestGuard.Head {
        /// Takes the parts that the rules look at. Of several fields of a name only one that says the same counts.
        fileprivate init(_ request: Request) {
            func field(_ name: String) -> String? {
                guard let name = HTTPField.Name(name) else { return nil }
                return request.headers[name]
            }
            self.init(
                method: request.method.rawValue,
                path: request.uri.path,
                host: request.head.authority,
                origin: field("Origin"),
                site: field("Sec-Fetch-Site"),
                authorization: field("Authorization"),
                contentType: field("Content-Type")
            )
        }
    }

    extension Response {
        /// Makes a response of JSON.
        static func json(_ value: some Encodable) -> Response {
            text(JSONLine.text(value), contentType: "application/json; charset=utf-8")
        }

        /// Makes the response of a failure, in the form that `--json` prints.
        init(_ failure: CommandFailure) {
            self = .json(failure.report)
            status = failure.httpStatus
        }
    }

    extension CommandFailure {
        fileprivate var httpStatus: HTTPResponse.Status {
            switch code {
            case "usage", "ambiguous": .badRequest
            case "unauthorized" where status != ExitStatus.broker: .unauthorized
            case "forbidden": .forbidden
            case "not-found": .notFound
            case "busy": .serviceUnavailable
            case "deadline-exceeded": .gatewayTimeout
            default: status == ExitStatus.broker ? .badGateway : .internalServerError
            }
        }
    }
#endif
