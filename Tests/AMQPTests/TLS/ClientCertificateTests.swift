import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("A broker that demands client certificates", BrokerFixture.needsBroker, Certificates.needsOpenSSL)
struct ClientCertificateTests {
    @Test("lets in who has one, as the user that it names, and tells the others what they lack")
    func demanded() async throws {
        let (files, others) = (try await Certificates(), try await Certificates())
        let (teller, stranger) = (try await files.sign("teller"), try await others.sign("teller"))
        let unknown = try await files.sign("nobody")
        let (broker, port) = try await TLSListener.broker(
            files,
            plugins: ["rabbitmq_auth_mechanism_ssl"],
            settings: [
                "ssl_options.verify = verify_peer", "ssl_options.fail_if_no_peer_cert = true",
                "auth_mechanisms.1 = PLAIN", "auth_mechanisms.2 = EXTERNAL", "ssl_cert_login_from = common_name",
            ],
            options: "&certfile=\(teller.certificate)&keyfile=\(teller.key)"
        )
        try await broker.control("add_user", "teller", "unused")
        try await broker.control("set_permissions", "teller", ".*", ".*", ".*")
        func url(_ pair: Certificates.Pair?, host: String = "localhost", user: String = "", external: Bool = true)
            -> String
        {
            let files = pair.map { "&certfile=\($0.certificate)&keyfile=\($0.key)" } ?? ""
            return "amqps://\(user)\(host):\(port)?cacertfile=\(authority)\(files)"
                + (external ? "&auth_mechanism=external" : "")
        }
        let authority = files.authority
        for host in ["localhost", "127.0.0.1"] {
            try await BrokerFixture.withConnection(to: url(teller, host: host, user: "teller@")) { connection in
                #expect(connection.user == "teller")
                let channel = try await connection.openChannel(confirms: true, deadline: .soon)
                // The broker compares it with the user that it made of the certificate.
                var message = Publication(exchange: "", routingKey: "nobody", body: Data())
                message.properties.userID = "teller"
                try await channel.publish(message, deadline: .soon)
            }
        }
        try await BrokerFixture.withConnection(to: url(teller, user: "guest:guest@", external: false)) { connection in
            #expect(connection.user == "guest")
        }
        let missing = await TLSListener.failure(url(nil, user: "guest:guest@", external: false))
        #expect(missing.code == .tlsFailed)
        #expect(missing.message.contains("demands a client certificate"), "\(missing)")
        let refused = await TLSListener.failure(url(stranger))
        #expect(refused.code == .tlsFailed)
        #expect(refused.message.contains("does not trust the client certificate"), "\(refused)")
        let nobody = await TLSListener.failure(url(unknown))
        #expect(nobody.code == .authenticationFailed, "\(nobody)")
        await broker.stop()
    }

    @Test("EXTERNAL at a broker without the plugin for it names the plugin")
    func noPlugin() async throws {
        let tls = try await TLSListener.borrow()
        let url =
            "amqps://localhost:\(tls.port)?cacertfile=\(tls.files.authority)&auth_mechanism=external"
            + "&certfile=\(tls.files.server.certificate)&keyfile=\(tls.files.server.key)"
        let error = await TLSListener.failure(url)
        #expect(error.code == .authenticationFailed)
        #expect(error.message.contains("rabbitmq_auth_mechanism_ssl"), "\(error)")
        await tls.broker.giveBack()
    }
}
