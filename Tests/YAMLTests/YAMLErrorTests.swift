import Testing
import YAML

@Suite("Errors of YAML")
struct YAMLErrorTests {
    @Test("an error has a place, and words for people")
    func words() {
        let mark = Node.Mark(line: 3, column: 7)
        let all: [(YAMLError, String)] = [
            (.syntax(problem: "did not find", mark), "not valid YAML: did not find"),
            (.repeatedKey("k", mark), "key written twice: 'k'"),
            (.unknownAlias("x", mark), "not valid YAML: no '&x' stands before '*x'"),
            (.tooDeep(mark), "not valid here: more than 100 levels"),
            (.secondDocument(mark), "not valid here: a second document, expected one"),
        ]
        for (error, text) in all { #expect(error.mark == mark && error.text == text) }
        #expect(YAMLError.memory.mark == .init(line: 1, column: 1))
    }
}
