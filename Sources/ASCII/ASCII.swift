/// The bytes of ASCII that have names here: what separates, quotes and ends in text protocols.
extension UInt8 {
    /// HTAB.
    @inlinable package static var tab: UInt8 { 9 }
    /// LF.
    @inlinable package static var lineFeed: UInt8 { 10 }
    /// CR.
    @inlinable package static var carriageReturn: UInt8 { 13 }
    /// SP.
    @inlinable package static var space: UInt8 { 32 }
    /// `!`
    @inlinable package static var exclamation: UInt8 { UInt8(ascii: "!") }
    /// `"`
    @inlinable package static var quote: UInt8 { UInt8(ascii: "\"") }
    /// `#`
    @inlinable package static var hash: UInt8 { UInt8(ascii: "#") }
    /// `$`
    @inlinable package static var dollar: UInt8 { UInt8(ascii: "$") }
    /// `%`
    @inlinable package static var percent: UInt8 { UInt8(ascii: "%") }
    /// `&`
    @inlinable package static var ampersand: UInt8 { UInt8(ascii: "&") }
    /// `'`
    @inlinable package static var apostrophe: UInt8 { UInt8(ascii: "'") }
    /// `(`
    @inlinable package static var openParenthesis: UInt8 { UInt8(ascii: "(") }
    /// `)`
    @inlinable package static var closeParenthesis: UInt8 { UInt8(ascii: ")") }
    /// `*`
    @inlinable package static var star: UInt8 { UInt8(ascii: "*") }
    /// `+`
    @inlinable package static var plus: UInt8 { UInt8(ascii: "+") }
    /// `,`
    @inlinable package static var comma: UInt8 { UInt8(ascii: ",") }
    /// `-`
    @inlinable package static var hyphen: UInt8 { UInt8(ascii: "-") }
    /// `.`
    @inlinable package static var dot: UInt8 { UInt8(ascii: ".") }
    /// `/`
    @inlinable package static var slash: UInt8 { UInt8(ascii: "/") }
    /// `:`
    @inlinable package static var colon: UInt8 { UInt8(ascii: ":") }
    /// `;`
    @inlinable package static var semicolon: UInt8 { UInt8(ascii: ";") }
    /// `<`
    @inlinable package static var less: UInt8 { UInt8(ascii: "<") }
    /// `=`
    @inlinable package static var equals: UInt8 { UInt8(ascii: "=") }
    /// `?`
    @inlinable package static var question: UInt8 { UInt8(ascii: "?") }
    /// `@`
    @inlinable package static var at: UInt8 { UInt8(ascii: "@") }
    /// `[`
    @inlinable package static var openBracket: UInt8 { UInt8(ascii: "[") }
    /// `\`
    @inlinable package static var backslash: UInt8 { UInt8(ascii: "\\") }
    /// `]`
    @inlinable package static var closeBracket: UInt8 { UInt8(ascii: "]") }
    /// `_`
    @inlinable package static var underscore: UInt8 { UInt8(ascii: "_") }
    /// `{`
    @inlinable package static var openBrace: UInt8 { UInt8(ascii: "{") }
    /// `}`
    @inlinable package static var closeBrace: UInt8 { UInt8(ascii: "}") }
    /// `~`
    @inlinable package static var tilde: UInt8 { UInt8(ascii: "~") }
    /// `0`
    @inlinable package static var zero: UInt8 { UInt8(ascii: "0") }
    /// `9`
    @inlinable package static var nine: UInt8 { UInt8(ascii: "9") }
    /// `A`
    @inlinable package static var upperA: UInt8 { UInt8(ascii: "A") }
    /// `Z`
    @inlinable package static var upperZ: UInt8 { UInt8(ascii: "Z") }
    /// `a`
    @inlinable package static var lowerA: UInt8 { UInt8(ascii: "a") }
    /// `z`
    @inlinable package static var lowerZ: UInt8 { UInt8(ascii: "z") }
    /// DEL.
    @inlinable package static var delete: UInt8 { 127 }
}

extension UInt8 {
    /// `0` to `9`.
    @inlinable package var isDigit: Bool { self &- .zero < 10 }
    /// `A` to `Z` and `a` to `z`.
    @inlinable package var isLetter: Bool { (self | 0x20) &- .lowerA < 26 }
    /// `A` to `Z`.
    @inlinable package var isUpper: Bool { self &- .upperA < 26 }
    /// A letter in lower case; everything else as it is.
    @inlinable package var lowercased: UInt8 { isUpper ? self | 0x20 : self }

    /// What it is worth as a hexadecimal digit, in either case.
    @inlinable package var hexValue: UInt8? {
        if isDigit { return self - .zero }
        let letter = (self | 0x20) &- .lowerA
        return letter < 6 ? letter + 10 : nil
    }

    /// The digit for a number below 16.
    @inlinable package init(hexDigit number: UInt8, upper: Bool = false) {
        let digit = number & 15
        self = digit < 10 ? .zero + digit : (upper ? .upperA : .lowerA) + digit - 10
    }
}
