#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Logging
    internal import NIOCore
    internal import RabbitMQExchange

    extension DirectConfiguration {
        /// The settings of connections.
        func peers(isEncrypted: Bool) -> PeerSettings {
            var settings = PeerSettings()
            settings.security =
                switch security {
                case .asBroker: isEncrypted ? .encrypted : .plain
                case .encrypted: .encrypted
                case .plain: .plain
                }
            settings.connectTimeout = connectTimeout
            settings.keepAlive = keepAlive
            settings.renewal = renewal
            return settings
        }

        /// Listens at all places, and returns the endpoints to tell others.
        ///
        /// - Parameter address: This machine's address towards the broker.
        /// - Throws: `invalidConfiguration` when the named ports are taken, or a place does not exist.
        func listen(on host: PeerHost, towards address: String?, _ logger: Logger) async throws(ExchangeError)
            -> [PeerEndpoint]
        {
            var endpoints: [PeerEndpoint] = []
            for listener in listen {
                do throws(ListenError) {
                    switch listener {
                    case .tcp(let interface, let ports):
                        let own = try Self.host(of: interface, towards: address)
                        let endpoint = try await host.listen(.tcp(host: own, ports: ports))
                        guard case .tcp(_, let port) = endpoint else { continue }
                        endpoints.append(advertise.flatMap { Self.endpoint($0, port: port) } ?? endpoint)
                    case .unix(let folder):
                        endpoints.append(try await host.listen(.unix(folder: folder ?? Self.folder)))
                    }
                } catch {
                    let text = "can't listen for direct connections: \(error.text)"
                    guard listener.isDefault else { throw ExchangeError(.invalidConfiguration, text) }
                    // The program did not ask for this place; others reach it elsewhere, or through the broker.
                    logger.warning(.init(stringLiteral: text))
                }
            }
            return endpoints
        }

        /// The folder of the user's sockets.
        private static var folder: String { "/tmp/warren-\(geteuid())" }

        private static func host(of interface: Interface, towards address: String?) throws(ListenError) -> String {
            switch interface {
            case .towardsBroker: return address ?? "127.0.0.1"
            case .address(let address): return address
            case .interface(let name):
                let devices = (try? System.enumerateDevices()) ?? []
                let own = devices.first { $0.name == name && $0.address?.ipAddress != nil }
                guard let address = own?.address?.ipAddress else { throw .noInterface(name) }
                return address
            }
        }
    }

    extension DirectConfiguration.Listener {
        /// Whether it is one of those that a process has unless others are named.
        var isDefault: Bool { self == .tcp(.towardsBroker) || self == .unix() }
    }

    extension DirectConfiguration.Durability {
        var lanes: Durability {
            switch self {
            case .requester: .requester
            case .broker: .broker
            }
        }
    }
#endif
