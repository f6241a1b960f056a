// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "warren", path: "..", traits: [.defaults, "Hybrid"]),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.90.0"),
    ],
    targets: [
        .executableTarget(
            name: "load",
            dependencies: [
                .product(name: "AgentExchange", package: "warren"),
                .product(name: "Agents", package: "warren"),
                .product(name: "InProcessExchange", package: "warren"),
                .product(name: "RabbitMQExchange", package: "warren"),
                .product(name: "HybridExchange", package: "warren"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "load",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "compare",
            dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "compare",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "nio-echo",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "nio-echo",
            swiftSettings: settings
        ),
        .target(name: "CAllocations", path: "allocations"),
        .executableTarget(
            name: "micro",
            dependencies: [
                "CAllocations",
                .product(name: "AgentExchange", package: "warren"),
                .product(name: "Agents", package: "warren"),
                .product(name: "InProcessExchange", package: "warren"),
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "micro",
            swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
    ]
)
