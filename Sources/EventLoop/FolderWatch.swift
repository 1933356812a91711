internal import CLinux

/// Is told that something has changed in folders (inotify(7)); what it was is for whoever is told to find out. Folders are
/// watched, not files: a file that is replaced, or reached by a link that is, would be lost sight of.
package final class FolderWatch: Pollable {
    private let changed: () -> Void
    /// By the kernel's numbers.
    private var watched: [String: Int32] = [:]
    /// Also those that can't be watched at the moment.
    private var wanted: Set<String> = []

    /// Watches nothing yet; `changed` comes on the loop's thread.
    package init(on loop: EventLoop, changed: @escaping () -> Void) throws(SystemError) {
        let descriptor = trunkline_inotify()
        guard descriptor >= 0 else { throw SystemError("inotify_init1") }
        self.changed = changed
        super.init(Descriptor(descriptor), on: loop)
        watch(readable: true, writable: false)
    }

    /// Watches these and no others. A folder that isn't there, or on a file system that tells nothing, is passed over, as is
    /// one for which the kernel has no room: it has to be looked at from time to time, and this called again.
    package func follow(_ folders: Set<String>) {
        wanted = folders
        var now: [String: Int32] = [:]
        for folder in folders {
            // The number it has already, unless another folder has taken its place.
            let number = unsafe trunkline_watch_folder(descriptor, folder)
            if number >= 0 { now[folder] = number }
        }
        for number in Set(watched.values).subtracting(now.values) {
            trunkline_watch_no_more(descriptor, number)
        }
        watched = now
    }

    /// Whether every folder that was asked for is watched.
    package var isWhole: Bool { watched.count == wanted.count }

    /// Watches no longer.
    package func stop() { closeDescriptor() }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        let notices = Int(trunkline_take_notices(descriptor))
        if notices & TRUNKLINE_WATCH_LOST != 0 {
            // A folder that was made anew, or put in the place of another, is another one to the kernel.
            follow(wanted)
        }
        if notices != 0 { changed() }
    }

    /// The folders in which a change of a file may be seen: its own, and those of the files behind its links, one after the
    /// other.
    package static func folders(of path: String) -> Set<String> {
        var folders: Set<String> = []
        var path = path
        for _ in 0..<16 {
            let cut = path.lastIndex(of: "/")
            let folder = cut.map { String(path[...$0]) } ?? "./"
            folders.insert(folder)
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = unsafe readlink(path, &buffer, buffer.count)
            guard count > 0, count < buffer.count else { break }
            let target = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            path = target.hasPrefix("/") ? target : folder + target
        }
        // A link among the folders on the way (`..data` of a Kubernetes volume) is none of the file's own.
        if let resolved = unsafe realpath(path, nil) {
            let real = unsafe String(cString: resolved)
            unsafe free(resolved)
            if let cut = real.lastIndex(of: "/") { folders.insert(String(real[...cut])) }
        }
        return folders
    }
}
