/// Messages as backends send them, the same in every run.
enum Corpora {
    private struct Random {
        var state: UInt64
        mutating func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        mutating func pick<T>(_ values: [T]) -> T { values[next(values.count)] }
    }

    private static let words =
        "the of and to in we you it is that was for on are with they be at one have this from by hot but some what there out other were all your when up use word how said an each she which do their time if will way about many then them write would like so these her long make thing see him two has look more day could go come did my sound no most number who over know water than call first people may down side been now find"
        .split(separator: " ").map(String.init)
    private static let names = [
        "Ada", "Grace", "Edsger", "Barbara", "Donald", "Margaret", "Alan", "Jean", "Ken", "Radia",
    ]
    private static let symbols = [
        "ALBA", "BREN", "CORV", "DELT", "ECHO", "FOXG", "GRAN", "HELI", "INDI", "JULT",
    ]

    /// Chat: 150 to 500 bytes of JSON with a sentence in it.
    static func chat(_ count: Int) -> [[UInt8]] {
        var random = Random(state: 1)
        return (0..<count).map { number in
            let text = (0..<(4 + random.next(50))).map { _ in random.pick(words) }.joined(separator: " ")
            let body =
                #"{"type":"message","id":"\#(hex(&random))","room":"general","from":{"id":\#(1000 + random.next(40)),"name":"\#(random.pick(names))"},"#
                + #""at":"2026-03-\#(10 + number / 2000)T12:\#(10 + number / 60 % 50):\#(10 + number % 50).\#(100 + random.next(900))Z","text":"\#(text)"}"#
            return Array(body.utf8)
        }
    }

    /// A ticker: about a kibibyte of quotes.
    static func ticker(_ count: Int) -> [[UInt8]] {
        var random = Random(state: 2)
        var prices = symbols.map { _ in 10_000 + random.next(40_000) }
        return (0..<count).map { number in
            let quotes = symbols.indices.map { index -> String in
                prices[index] += random.next(21) - 10
                let price = "\(prices[index] / 100).\(10 + prices[index] % 90)"
                return
                    #"{"symbol":"\#(symbols[index])","bid":\#(price),"ask":\#(prices[index] / 100).\#(10 + (prices[index] + 3) % 90),"volume":\#(random.next(100_000)),"seq":\#(number * 10 + index)}"#
            }
            return Array(
                (#"{"type":"quotes","at":\#(1_772_000_000_000 + number * 100),"quotes":["#
                    + quotes.joined(separator: ",") + "]}").utf8)
        }
    }

    private static func hex(_ random: inout Random) -> String {
        String((0..<16).map { _ in random.pick(Array("0123456789abcdef")) })
    }
}
