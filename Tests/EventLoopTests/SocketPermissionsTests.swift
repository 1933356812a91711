import EventLoop
import Foundation
import Testing

@Suite("Permissions of Unix sockets")
struct SocketPermissionsTests {
    @Test("names and numbers of users and groups are found, others are not")
    func names() {
        #expect(SocketPermissions.user("root") == 0 && SocketPermissions.user("1234") == 1234)
        #expect(SocketPermissions.group("root") == 0 && SocketPermissions.group("4321") == 4321)
        #expect(SocketPermissions.user("nobody-of-this-name") == nil)
        #expect(SocketPermissions.group("no-group-of-this-name") == nil)
    }

    @Test("are those of the file from the moment that somebody can connect")
    func mode() throws {
        let path = "/tmp/trunkline-test-\(UInt32.random(in: 0...UInt32.max)).sock"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var permissions = SocketPermissions()
        permissions.mode = 0o640
        _ = try BoundListener(
            try #require(SocketAddress(unixPath: path)), sharesPort: false, permissions: permissions)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
        #expect(throws: SystemError.self) { try permissions.apply(to: path + ".none") }
    }
}
