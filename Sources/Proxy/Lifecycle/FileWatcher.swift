internal import Configuration
internal import EventLoop

/// Watches the files that a configuration names, and tells when some of them have changed and stand still again: a file
/// that is being written, or one of a pair of which the other is yet to come, is not read.
final class FileWatcher: TimerTarget {
    /// Nothing has changed for so long.
    private static let calm = Duration.milliseconds(700)
    /// However busy the folder is.
    private static let mostCalls = 12
    /// Some file systems tell nothing: all are looked at in so many seconds; where the kernel doesn't watch each, sooner.
    private var lookInterval: Int { watch?.isWhole == true ? 30 : 2 }

    private let loop: EventLoop
    private let changed: (Set<String>) -> Void
    private var watch: FolderWatch?
    /// Of each file, as it was before it was read.
    private var states: [String: FileStamp?] = [:]
    private var seen: [String: FileStamp?] = [:]
    private var timer: TimerToken?
    private var waits = 0
    private var seconds = 0

    /// - Parameter changed: is given the files.
    init(on loop: EventLoop, changed: @escaping (Set<String>) -> Void) {
        self.loop = loop
        self.changed = changed
        watch = try? FolderWatch(on: loop) { [unowned self] in notice() }
    }

    /// Watches these. What has changed since they were read is told, too.
    func follow(_ files: [String: FileStamp?]) {
        states = files
        addFolders()
        if look() != states { notice() }
    }

    /// Links may lead elsewhere than before.
    private func addFolders() {
        watch?.follow(states.keys.reduce(into: []) { $0.formUnion(FolderWatch.folders(of: $1)) })
    }

    private func look() -> [String: FileStamp?] {
        var now: [String: FileStamp?] = [:]
        for file in states.keys { now.updateValue(FileStamp(file), forKey: file) }
        return now
    }

    func secondPassed() {
        seconds &+= 1
        guard seconds % lookInterval == 0 else { return }
        if watch?.isWhole == false { addFolders() }
        if timer == nil, look() != states { notice() }
    }

    /// Something has happened in a folder: it is looked at when nothing has for a while.
    private func notice() {
        guard timer == nil else { return }
        seen = look()
        waits = 0
        arm()
    }

    private func arm() { timer = loop.schedule(self, kind: 0, after: Self.calm) }

    func timerFired(_ kind: UInt8) {
        timer = nil
        let now = look()
        waits += 1
        guard now == seen || waits >= Self.mostCalls else {
            seen = now
            return arm()
        }
        let different = Set(now.keys.filter { now[$0] != states[$0] })
        guard !different.isEmpty else { return }
        states = now
        addFolders()
        changed(different)
    }
}

extension ProxyServer {
    /// Watches what the configuration names, and the configuration where that is wished.
    func watchFiles() {
        var files = current.files
        for file in current.watchedFiles { files.updateValue(file.stamp, forKey: file.path) }
        if current.configuration.watchesItself { files.updateValue(current.stamp, forKey: file) }
        guard !files.isEmpty || watcher != nil else { return }
        if watcher == nil {
            watcher = FileWatcher(on: loop) { [unowned self] in filesChanged($0) }
        }
        watcher?.follow(files)
    }

    private func filesChanged(_ files: Set<String>) {
        for file in current.watchedFiles where files.contains(file.path) {
            switch file.look() {
            case .same: break
            case .changed: logs.log.tell(.fileReadAgain(file.path))
            case .broken(let cause): logs.log.tell(.fileUseless(file.path, cause: cause))
            }
        }
        if current.configuration.watchesItself, files.contains(file) {
            logs.log.tell(.filesChanged([file]))
            _ = reload()
            return
        }
        let others = files.intersection(current.files.keys)
        if !others.isEmpty { refresh(because: others.sorted().joined(separator: " ")) }
    }
}
