public import Foundation

/// The directory of this build's programs.
public enum ProductsDirectory {
    /// The folder of the running test program: `.build/debug` or its like. Executables of the package are in it.
    public static var url: URL {
        #if os(Linux)
            URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        #else
            // The running program is one of Xcode's; the bundle of tests lies beside the executables.
            (Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") } ?? .main).bundleURL
                .deletingLastPathComponent()
        #endif
    }

    /// The path of an executable of the package, for ``ChildProcess/init(_:_:environment:)``.
    ///
    /// - Throws: ``ChildProcessError/notStarted(program:errno:)`` when it was not built.
    public static func executable(_ name: String) throws -> String {
        let path = url.appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ChildProcessError.notStarted(program: path, errno: 2)
        }
        return path
    }
}
