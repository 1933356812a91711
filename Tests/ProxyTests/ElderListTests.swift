import Testing

@testable import Proxy

@Suite("The list of a process that lingers")
struct ElderListTests {
    private func piece(_ text: String, isLast: Bool = false, isCut: Bool = false) -> SessionListStream.Piece {
        SessionListStream.Piece(text: Array(text.utf8), isLast: isLast, isCut: isCut)
    }

    @Test("is whole where there is room")
    func whole() {
        let list = ElderList(most: 8)
        #expect(list.took(piece("{1}")) == .goesOn)
        #expect(list.took(piece(",{2}")) == .goesOn)
        #expect(list.took(piece(",{3}", isLast: true)) == .isDone)
        #expect(String(decoding: list.text, as: UTF8.self) == "{1},{2},{3}" && !list.isCut)
    }

    @Test("ends with a whole piece where there is none, and says that there is more")
    func full() {
        let list = ElderList(most: 6)
        #expect(list.took(piece("{1}")) == .goesOn)
        #expect(list.took(piece(",{2}")) == .isFull)
        #expect(String(decoding: list.text, as: UTF8.self) == "{1},{2}" && list.isCut)
    }

    @Test("says so too where no more were asked for")
    func limited() {
        let list = ElderList()
        #expect(list.took(piece("{1}", isLast: true, isCut: true)) == .isDone && list.isCut)
    }

    @Test("is of 8 MiB and a piece at most, which fits into what the other process reads")
    func most() {
        let list = ElderList()
        let large = piece(String(repeating: "x", count: 1 << 20))
        var pieces = 1
        while list.took(large) == .goesOn { pieces += 1 }
        #expect(pieces == 9 && list.text.count < HandedState.most)
    }
}
