import Foundation
import Testing

@testable import warren

@Suite("The dashboards and alert rules")
struct MonitoringFilesTests {
    private static let repository = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { folder, _ in
        folder.deletingLastPathComponent()
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: repository.appendingPathComponent(path), encoding: .utf8)
    }

    private static let metrics = Set(Metric.allCases.map(\.rawValue))

    /// The words of a text that begin like a metric.
    private static func words(_ text: String) -> Set<String> {
        Set(text.matches(of: /\bwarren_[a-z_]+/).map { String($0.output) })
    }

    @Test(
        "Each metric in them is one of the exporter's",
        arguments: [
            "dashboards/namespace.json", "dashboards/agent.json", "rules.yml", "rules.test.yml",
        ]
    )
    func metrics(file: String) throws {
        let words = Self.words(try Self.text("deploy/monitoring/\(file)"))
        #expect(words.count > 3)
        #expect(words.subtracting(Self.metrics).isEmpty)
    }

    @Test("Each metric of the exporter has its line in the pages")
    func pages() throws {
        let page = try Self.text("docs/operations.md")
        for metric in Self.metrics { #expect(page.contains("| `\(metric)`"), "\(metric)") }
    }

    @Test("Each alert names a section of the pages, and has a test")
    func alerts() throws {
        let rules = try Self.text("deploy/monitoring/rules.yml")
        let tests = try Self.text("deploy/monitoring/rules.test.yml")
        let page = try Self.text("docs/operations.md")
        let names = rules.matches(of: /- alert: (\w+)/).map { String($0.output.1) }
        #expect(names.count > 10)
        for name in names {
            #expect(rules.contains("runbook: docs/operations.md#alert-\(name.lowercased())\n"), "\(name)")
            #expect(page.contains("\n#### Alert \(name)\n"), "\(name)")
            #expect(tests.contains("alertname: \(name)\n"), "\(name)")
        }
    }

    @Test("A dashboard is JSON as Grafana reads it", arguments: ["namespace", "agent"])
    func dashboards(name: String) throws {
        struct Dashboard: Decodable {
            struct Panel: Decodable {
                struct Target: Decodable { let expr: String }
                let id: Int
                let title: String
                let targets: [Target]
            }
            let uid: String
            let panels: [Panel]
        }
        let text = try Self.text("deploy/monitoring/dashboards/\(name).json")
        let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(text.utf8))
        #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
        #expect(
            dashboard.panels.allSatisfy { $0.targets.allSatisfy { $0.expr.contains("$namespace") } }
        )
    }
}
