import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("A TLS connection that fails says why, and what mends it", Certificates.needsOpenSSL)
struct TLSFailureTests {
    @Test("a certificate of an authority that is not trusted")
    func untrusted() async throws {
        let (files, others) = (try await Certificates(), try await Certificates())
        let (server, port) = try await TLSListener.server(files.server)
        for options in ["", "?cacertfile=\(others.authority)"] {
            let error = await TLSListener.failure("amqps://localhost:\(port)\(options)")
            #expect(error.code == .tlsFailed)
            #expect(error.message.contains("set caFile"), "\(error)")
        }
        try await server.stop()
    }

    @Test("a certificate that has expired")
    func expired() async throws {
        let files = try await Certificates()
        let (server, port) = try await TLSListener.server(try await files.sign("old", days: -1))
        let error = await TLSListener.failure("amqps://localhost:\(port)?cacertfile=\(files.authority)")
        #expect(error.code == .tlsFailed)
        #expect(error.message.contains("has expired"), "\(error)")
        try await server.stop()
    }

    @Test("a certificate for another host or address, unless that is allowed")
    func otherHost() async throws {
        let files = try await Certificates()
        let (server, port) = try await TLSListener.server(try await files.sign("other", names: "DNS:other.example"))
        for host in ["localhost", "127.0.0.1"] {
            let url = "amqps://\(host):\(port)?cacertfile=\(files.authority)"
            let error = await TLSListener.failure(url)
            #expect(error.code == .tlsFailed)
            #expect(error.message.contains("does not name \(host)"), "\(error)")
            // The handshake is done then, and only the login gets no answer.
            let allowed = await TLSListener.failure(url + "&verify_hostname=false&connection_timeout=1500")
            #expect(allowed.code != .tlsFailed, "\(allowed)")
        }
        try await server.stop()
    }

    @Test("files that can't be read or used")
    func files() async throws {
        let files = try await Certificates()
        let nonsense = try files.write("not a certificate", to: "nonsense")
        let other = try await files.sign("other")
        let (certificate, key) = (files.server.certificate, files.server.key)
        for (options, text) in [
            ("cacertfile=/nowhere/ca.pem", "caFile (cacertfile) /nowhere/ca.pem can't be read: No such file"),
            ("cacertfile=\(nonsense)", "has no certificate in PEM format"),
            ("certfile=/nowhere/c.pem&keyfile=\(key)", "certificateFile (certfile) /nowhere/c.pem can't be read"),
            ("certfile=\(certificate)&keyfile=/nowhere/k.pem", "keyFile (keyfile) /nowhere/k.pem can't be read"),
            ("certfile=\(certificate)&keyfile=\(nonsense)", "can't be used"),
            ("certfile=\(certificate)&keyfile=\(other.key)", "belong together"),
        ] {
            let error = await TLSListener.failure("amqps://localhost:1?\(options)")
            #expect(error.code == .tlsFailed)
            #expect(error.message.contains(text), "\(error)")
        }
    }

    @Test("a port of the other kind", BrokerFixture.needsBrokerTest)
    func wrongPort() async throws {
        let files = try await Certificates()
        let broker = try await PrivateBroker.shared()
        let plain = await TLSListener.failure("amqps://localhost:\(broker.port)?cacertfile=\(files.authority)")
        #expect(plain.code == .tlsFailed)
        #expect(plain.message.contains("does not answer with TLS"), "\(plain)")
        let (server, port) = try await TLSListener.server(files.server)
        let tls = await TLSListener.failure("amqp://guest:hunter2@localhost:\(port)")
        #expect(tls.message.contains("use amqps://"), "\(tls)")
        #expect(!"\(tls)".contains("hunter2"))
        try await server.stop()
    }
}
